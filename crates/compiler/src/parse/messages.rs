//! What CPython says where ruff reports an error.
//!
//! CPython, once the parser has failed, tokenizes the rest of the file, and errors found there take precedence: so
//! brackets and lexical errors are looked at first. Most other errors are just "invalid syntax" at the token that did
//! not fit, which is where ruff reports them, too.

use super::{lexical, targets};
use crate::errors::{ErrorKind, Failure};
use crate::source::Source;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{Expr, Mod};
use ruff_python_parser::{
    ParseError, ParseErrorType as E, Parsed, UnsupportedSyntaxError, UnsupportedSyntaxErrorKind as U,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// All that is known about a failed parse.
pub(super) struct Context<'a> {
    pub parsed: &'a Parsed<Mod>,
    pub source: &'a Source<'a>,
    pub error: &'a ParseError,
}

pub(super) fn translate(parsed: &Parsed<Mod>, source: &Source<'_>) -> Box<Failure> {
    let first = parsed.errors().iter().min_by_key(|e| e.location.start());
    let Some(error) = first else { return Failure::internal("no parse error") };
    let cx = Context { parsed, source, error };
    if let Some(failure) = lexical::first(&cx) {
        return failure;
    }
    cx.message()
}

pub(super) fn unsupported(error: &UnsupportedSyntaxError) -> Box<Failure> {
    use ruff_python_parser::UnsupportedSyntaxErrorKind as Kind;
    let message = match error.kind {
        Kind::UnpackingInComprehension(kind) => match format!("{kind:?}").as_str() {
            "DictInDict" => "dict unpacking cannot be used in dict comprehension",
            _ => "iterable unpacking cannot be used in comprehension",
        },
        U::UnparenthesizedExceptionTypes => "multiple exception types must be parenthesized",
        _ => "invalid syntax",
    };
    Failure::syntax(message, error.range)
}

impl<'a> Context<'a> {
    fn tokens(&self) -> impl DoubleEndedIterator<Item = &'a Token> + use<'a> {
        let trivia = |t: &&Token| !matches!(t.kind(), TokenKind::Comment | TokenKind::NonLogicalNewline);
        self.parsed.tokens().iter().filter(trivia)
    }

    /// The token at or behind an offset.
    fn token_at(&self, at: TextSize) -> Option<&'a Token> {
        self.tokens().find(|t| t.end() > at || t.kind() == TokenKind::EndOfFile)
    }

    /// Tokens in front of the offset, the nearest first.
    fn before(&self, at: TextSize) -> impl Iterator<Item = &'a Token> {
        self.tokens().rev().skip_while(move |t| t.end() > at || t.range().is_empty())
    }

    /// "invalid syntax" at the token that did not fit.
    fn invalid(&self) -> Box<Failure> {
        let start = self.error.location.start();
        let range = match self.token_at(start) {
            Some(t) if t.kind() == TokenKind::Newline => TextRange::at(t.start(), TextSize::new(1)),
            Some(t) => t.range(),
            None => self.error.location,
        };
        Failure::syntax("invalid syntax", range)
    }

    fn plain(&self, message: impl Into<String>) -> Box<Failure> {
        Failure::syntax(message, self.error.location)
    }

    fn message(&self) -> Box<Failure> {
        match &self.error.error {
            E::ExpectedToken { expected, found } => self.expected_token(*expected, *found),
            E::InvalidAssignmentTarget => targets::assignment(self),
            E::InvalidNamedAssignmentTarget => {
                let what = targets::name_at(self, self.error.location).unwrap_or("expression");
                self.plain(format!("cannot use assignment expressions with {what}"))
            }
            E::InvalidAugmentedAssignmentTarget => {
                let what = targets::name_at(self, self.error.location).unwrap_or("expression");
                self.plain(format!("'{what}' is an illegal expression for augmented assignment"))
            }
            E::InvalidAnnotatedAssignmentTarget => self.plain("illegal target for annotation"),
            E::InvalidDeleteTarget => {
                let what = targets::name_at(self, self.error.location).unwrap_or("expression");
                self.plain(format!("cannot delete {what}"))
            }
            E::SimpleStatementsOnSameLine | E::SimpleAndCompoundStatementOnSameLine => self.two_statements(),
            E::UnexpectedIndentation => {
                let end = self.error.location.end();
                Failure::of(ErrorKind::Indentation, "unexpected indent", TextRange::empty(end))
            }
            E::ParamAfterVarKeywordParam => self.plain("arguments cannot follow var-keyword argument"),
            E::NonDefaultParamAfterDefaultParam => {
                self.plain("parameter without a default follows parameter with a default")
            }
            E::ExpectedKeywordParam => self.plain("named arguments must follow bare *"),
            E::VarParameterWithDefault => {
                let double = self.before(self.error.location.start()).nth(1).map(|t| t.kind());
                let what = if double == Some(TokenKind::DoubleStar) { "keyword" } else { "positional" };
                self.plain(format!("var-{what} argument cannot have default value"))
            }
            E::PositionalAfterKeywordArgument => self.plain("positional argument follows keyword argument"),
            E::PositionalAfterKeywordUnpacking => self.plain("positional argument follows keyword argument unpacking"),
            E::InvalidArgumentUnpackingOrder => {
                self.plain("iterable argument unpacking follows keyword argument unpacking")
            }
            E::IterableUnpackingInComprehension => self.plain("iterable unpacking cannot be used in comprehension"),
            E::UnparenthesizedGeneratorExpression => {
                let class = self.before(self.error.location.start()).nth(2).map(|t| t.kind());
                match class {
                    Some(TokenKind::Class) => self.invalid(),
                    _ => self.plain("Generator expression must be parenthesized"),
                }
            }
            E::InvalidStarredExpressionUsage => self.starred(),
            E::EmptyImportNames => self.plain("Expected one or more names after 'import'"),
            E::ExpectedExpression => self.expected_expression(),
            E::FStringError(e) | E::TStringError(e) => lexical::interpolated(self, e, self.error.location),
            E::Lexical(e) => lexical::lexical(self, e, self.error.location),
            E::OtherError(text) => self.other(text),
            _ => self.invalid(),
        }
    }

    fn starred(&self) -> Box<Failure> {
        let previous = self.before(self.error.location.start()).next().map(|t| t.kind());
        match previous {
            Some(TokenKind::Lpar) => self.plain("cannot use starred expression here"),
            Some(TokenKind::Colon)
                if lexical::open_bracket(self, self.error.location.start()) != Some(TokenKind::Lbrace) =>
            {
                self.invalid()
            }
            Some(TokenKind::Colon) => self.plain("cannot use a starred expression in a dictionary value"),
            _ => self.plain("can't use starred expression here"),
        }
    }

    fn expected_token(&self, expected: TokenKind, found: TokenKind) -> Box<Failure> {
        let start = self.error.location.start();
        let previous = self.before(start).next().map(|t| t.kind());
        let at_newline = TextRange::at(start, TextSize::new(1));
        match (expected, found) {
            (TokenKind::Colon, TokenKind::Rbrace | TokenKind::Comma) => {
                let end = self.before(start).next().map_or(start, |t| t.end());
                Failure::syntax("':' expected after dictionary key", TextRange::empty(end - TextSize::new(1)))
            }
            (TokenKind::Colon, TokenKind::Newline) if !self.in_lambda(start) => {
                Failure::syntax("expected ':'", at_newline)
            }
            (TokenKind::Colon, _)
                if matches!(previous, Some(TokenKind::Else | TokenKind::Try | TokenKind::Finally)) =>
            {
                self.plain("expected ':'")
            }
            (TokenKind::Else, _) if self.is_if_expression(start) => self.missing_else(start),
            (TokenKind::Lpar, _) if self.before(start).nth(1).is_some_and(|t| t.kind() == TokenKind::Def) => {
                self.plain("expected '('")
            }
            _ => self.juxtaposed().unwrap_or_else(|| self.equals_sign().unwrap_or_else(|| self.invalid())),
        }
    }

    fn in_lambda(&self, at: TextSize) -> bool {
        let line = self.before(at).take_while(|t| t.kind() != TokenKind::Newline);
        let kinds: Vec<TokenKind> = line.map(|t| t.kind()).collect();
        let first = kinds.last().copied();
        let compound = first.is_some_and(|k| {
            use TokenKind as T;
            let list = [T::If, T::Elif, T::While, T::For, T::With, T::Def, T::Class, T::Except, T::Match, T::Case];
            list.contains(&k) || matches!(k, T::Async | T::Else | T::Try | T::Finally)
        });
        !compound
    }

    fn is_if_expression(&self, at: TextSize) -> bool {
        self.before(at).take_while(|t| t.kind() != TokenKind::Newline).any(|t| t.kind() == TokenKind::If)
    }

    fn missing_else(&self, at: TextSize) -> Box<Failure> {
        let Some(keyword) = self.before(at).find(|t| t.kind() == TokenKind::If) else { return self.invalid() };
        let body = targets::ending_before(self, keyword.start());
        let end = self.before(at).next().map_or(at, |t| t.end());
        match body {
            Some(e) => Failure::syntax("expected 'else' after 'if' expression", TextRange::new(e.range().start(), end)),
            None => self.invalid(),
        }
    }

    /// Two expressions side by side in brackets: a comma may be missing.
    fn juxtaposed(&self) -> Option<Box<Failure>> {
        let start = self.error.location.start();
        lexical::open_bracket(self, start)?;
        let left = targets::ending_before(self, start)?;
        let right = self.token_at(start)?;
        let previous = self.before(start).next()?;
        if !starts_expression(right.kind()) {
            return None;
        }
        if previous.kind() == TokenKind::Name && is_string(right.kind()) {
            return None;
        }
        let end = targets::starting_at(self, right.start()).map_or(right.end(), |e| e.range().end());
        let range = TextRange::new(left.range().start(), end);
        Some(Failure::syntax("invalid syntax. Perhaps you forgot a comma?", range))
    }

    /// `=` where a value was expected.
    fn equals_sign(&self) -> Option<Box<Failure>> {
        let start = self.error.location.start();
        let token = self.token_at(start)?;
        if token.kind() != TokenKind::Equal {
            return None;
        }
        let left = targets::ending_before(self, start)?;
        let right = self.tokens().find(|t| t.start() >= token.end())?;
        if !starts_expression(right.kind()) {
            return None;
        }
        let in_call = lexical::open_bracket(self, start) == Some(TokenKind::Lpar);
        let through = |e: &Expr| {
            let end = targets::starting_at(self, right.start()).map_or(right.end(), |e| e.range().end());
            TextRange::new(e.range().start(), end)
        };
        let constant = match left {
            Expr::BooleanLiteral(b) => Some(if b.value { "True" } else { "False" }),
            Expr::NoneLiteral(_) => Some("None"),
            _ => None,
        };
        Some(match (in_call, constant) {
            (true, Some(name)) => {
                Failure::syntax(format!("cannot assign to {name}"), TextRange::new(left.range().start(), token.end()))
            }
            (true, None) => {
                let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
                Failure::syntax(message, TextRange::new(left.range().start(), token.end()))
            }
            _ if left.is_name_expr() => {
                Failure::syntax("invalid syntax. Maybe you meant '==' or ':=' instead of '='?", through(left))
            }
            _ => {
                let what = targets::name(left);
                let message = format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?");
                Failure::syntax(message, left.range())
            }
        })
    }

    fn expected_expression(&self) -> Box<Failure> {
        let start = self.error.location.start();
        let mut before = self.before(start);
        let previous = before.next();
        let token = self.token_at(start);
        let two_back = before.next();
        match (previous.map(|t| t.kind()), token.map(|t| t.kind())) {
            (Some(TokenKind::Less), Some(TokenKind::Greater)) => {
                let range = previous.map_or(self.error.location, |t| t.range().cover(self.error.location));
                Failure::syntax("invalid syntax.  Maybe you meant '!=' instead of '<>'?", range)
            }
            (Some(TokenKind::Equal), Some(TokenKind::Rpar | TokenKind::Comma))
                if lexical::open_bracket(self, start) == Some(TokenKind::Lpar) =>
            {
                let from = two_back.map_or(start, |t| t.start());
                Failure::syntax("expected argument value expression", TextRange::new(from, start))
            }
            (Some(TokenKind::Colon), Some(TokenKind::Rbrace | TokenKind::Comma))
                if lexical::open_bracket(self, start) == Some(TokenKind::Lbrace) =>
            {
                let range = previous.map_or(self.error.location, |t| t.range());
                match lexical::in_fstring(self, start) {
                    true => self.invalid(),
                    false => Failure::syntax("expression expected after dictionary key and ':'", range),
                }
            }
            (Some(TokenKind::Lbrace), Some(found)) if lexical::in_fstring(self, start) => {
                let close = match found {
                    TokenKind::Rbrace => "}",
                    TokenKind::Exclamation => "!",
                    TokenKind::Colon => ":",
                    TokenKind::Equal => "=",
                    _ => return self.invalid(),
                };
                self.plain(format!("f-string: valid expression required before '{close}'"))
            }
            _ => self.invalid(),
        }
    }

    /// Two statements on a line: mostly a `print` without parentheses, or a walrus that is none.
    fn two_statements(&self) -> Box<Failure> {
        let start = self.error.location.start();
        if let Some(previous) = self.before(start).next() {
            let word = self.source.slice(previous.range());
            let token = self.token_at(start);
            let first = self.before(previous.start()).next().is_none_or(|t| {
                matches!(t.kind(), TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::Colon)
            });
            if first && matches!(word, "print" | "exec") && token.is_some_and(|t| starts_expression(t.kind())) {
                let end = targets::starting_at(self, start).map_or(self.error.location.end(), |e| e.range().end());
                let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
                return Failure::syntax(message, TextRange::new(previous.start(), end));
            }
        }
        let touches = self.before(start).next().is_some_and(|t| t.end() == start);
        let number = if touches { lexical::bad_number(self, start) } else { None };
        number.unwrap_or_else(|| self.invalid())
    }

    fn other(&self, text: &str) -> Box<Failure> {
        if let Some(clause) = text.strip_prefix("Expected an indented block after ") {
            return self.indented_block(clause);
        }
        if text.starts_with("Expected a statement") {
            return self.stray_token();
        }
        if text == "Expected a parameter name" {
            return self.keyword_name();
        }
        let known = match text {
            "Only single target (not tuple) can be annotated" => "only single target (not tuple) can be annotated",
            "Only single target (not list) can be annotated" => "only single target (not list) can be annotated",
            "Expected `except` or `finally` after `try` block" => "expected 'except' or 'finally' block",
            "Multiple exception types must be parenthesized when using `as`" => {
                "multiple exception types must be parenthesized when using 'as'"
            }
            "Expected one or more exception types" => "expected one or more exception types",
            "Cannot have both 'except' and 'except*' on the same 'try'" => {
                "cannot have both 'except' and 'except*' on the same 'try'"
            }
            "Trailing comma not allowed" => "trailing comma not allowed without surrounding parentheses",
            "Only one '*' parameter allowed" | "Only one '*' separator allowed" => "* argument may appear only once",
            "Only one '/' separator allowed" => "/ may appear only once",
            "'/' parameter must appear before '*' parameter" => "/ must be ahead of *",
            "Positional patterns cannot follow keyword patterns" => "positional patterns follow keyword patterns",
            _ => return self.equals_sign().or_else(|| self.juxtaposed()).unwrap_or_else(|| self.invalid()),
        };
        self.plain(known)
    }

    /// `expression=value` as an argument.
    fn keyword_name(&self) -> Box<Failure> {
        let location = self.error.location;
        let equals = self.tokens().find(|t| t.start() >= location.end() && t.kind() == TokenKind::Equal);
        let range = TextRange::new(location.start(), equals.map_or(location.end(), |t| t.end()));
        match targets::name_at(self, location) {
            Some(name @ ("True" | "False" | "None")) => Failure::syntax(format!("cannot assign to {name}"), range),
            Some("starred") => Failure::syntax("cannot assign to iterable argument unpacking", range),
            _ => Failure::syntax("expression cannot contain assignment, perhaps you meant \"==\"?", range),
        }
    }

    /// A token that begins no statement.
    fn stray_token(&self) -> Box<Failure> {
        let start = self.error.location.start();
        let token = self.token_at(start);
        if token.is_some_and(|t| t.kind() == TokenKind::ColonEqual)
            && let Some(left) = targets::ending_before(self, start).filter(|e| !e.is_name_expr())
        {
            let message = format!("cannot use assignment expressions with {}", targets::name(left));
            return Failure::syntax(message, left.range());
        }
        self.invalid()
    }

    fn indented_block(&self, clause: &str) -> Box<Failure> {
        let word = clause.trim_start_matches('`').split(['`', ' ']).next().unwrap_or("");
        let at = self.error.location.start();
        let first = |t: &Token| {
            self.before(t.start()).next().is_none_or(|p| {
                matches!(p.kind(), TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::Semi)
            })
        };
        let keyword = if word == "function" { "def" } else { word };
        let text = |t: &&Token| {
            let word = self.source.slice(t.range());
            word == keyword || (word == "async" && first(t))
        };
        let found = self.before(at).find(text);
        let line = found.map_or(0, |t| self.source.line_col(t.start()).0);
        let star = found.is_some_and(|t| {
            word == "except"
                && self.tokens().find(|n| n.start() >= t.end()).is_some_and(|n| n.kind() == TokenKind::Star)
        });
        let what = match word {
            "function" => "function definition".to_string(),
            "class" => "class definition".to_string(),
            _ if star => "'except*' statement".to_string(),
            word => format!("'{word}' statement"),
        };
        let range = self.token_at(at).map_or(self.error.location, |t| t.range());
        let message = format!("expected an indented block after {what} on line {line}");
        Failure::of(ErrorKind::Indentation, message, range)
    }
}

fn is_string(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart)
}

fn starts_expression(kind: TokenKind) -> bool {
    use TokenKind as T;
    is_string(kind)
        || matches!(
            kind,
            T::Name
                | T::Int
                | T::Float
                | T::Complex
                | T::Lpar
                | T::Lsqb
                | T::Lbrace
                | T::Ellipsis
                | T::Minus
                | T::Plus
                | T::Tilde
                | T::Not
                | T::Lambda
                | T::Await
                | T::None
                | T::True
                | T::False
                | T::Match
                | T::Case
                | T::Type
        )
}
