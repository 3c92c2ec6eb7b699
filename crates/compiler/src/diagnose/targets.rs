//! Targets of assignments, loops and deletions.

use super::node::{Node, Shape};
use super::parser::{Miss, P, Parser, Rule, alt};

const TRAILERS: &[&str] = &["(", "[", "."];

impl Parser<'_> {
    pub fn star_targets(&mut self) -> P<Node> {
        let start = self.token()?.start;
        let mut all = vec![self.star_target()?];
        while let Some(e) = self.opt(|p| {
            p.word(",")?;
            p.star_target()
        })? {
            all.push(e);
        }
        let comma = self.opt(|p| p.word(","))?.is_some();
        if all.len() == 1 && !comma {
            return Ok(all.swap_remove(0));
        }
        Ok(Node::of(Shape::Tuple, start, self.end(), all))
    }

    pub fn star_target(&mut self) -> P<Node> {
        self.memo(Rule::StarTarget, |p| {
            alt!(
                p,
                |p: &mut Self| {
                    let star = p.word("*")?;
                    p.not(|p| p.word("*"))?;
                    let e = p.star_target()?;
                    Ok(Node::of(Shape::Starred, star.start, p.end(), vec![e]))
                },
                |p: &mut Self| p.target_with_star_atom(),
            )
        })
    }

    fn target_with_star_atom(&mut self) -> P<Node> {
        self.memo(Rule::StarAtomTarget, |p| {
            alt!(p, |p: &mut Self| p.subscript_or_attribute(), |p: &mut Self| p.star_atom())
        })
    }

    /// An attribute or a subscript that nothing follows.
    pub fn subscript_or_attribute(&mut self) -> P<Node> {
        let start = self.token()?.start;
        self.t_primary()?;
        let shape = self.opt(Self::trailer)?.filter(|s| *s != Shape::Call).ok_or(Miss::No)?;
        self.not(|p| p.any(TRAILERS))?;
        Ok(Node::new(shape, start, self.end()))
    }

    /// A primary that another trailer follows.
    fn t_primary(&mut self) -> P<Node> {
        self.memo(Rule::TPrimary, |p| {
            let start = p.token()?.start;
            let mut node = p.atom()?;
            p.ahead(|p| p.any(TRAILERS))?;
            while let Some(shape) = p.opt(|p| {
                let shape = p.trailer()?;
                p.ahead(|p| p.any(TRAILERS))?;
                Ok(shape)
            })? {
                node = Node::new(shape, start, p.end());
            }
            Ok(node)
        })
    }

    fn star_atom(&mut self) -> P<Node> {
        alt!(
            self,
            |p: &mut Self| p.name(),
            |p: &mut Self| {
                p.word("(")?;
                let e = p.target_with_star_atom()?;
                p.word(")")?;
                Ok(e)
            },
            |p: &mut Self| {
                let start = p.word("(")?.start;
                p.opt(|p| {
                    let first = p.star_target()?;
                    p.word(",")?;
                    p.opt(|p| {
                        p.gather(",", Self::star_target)?;
                        p.opt(|p| p.word(","))
                    })?;
                    Ok(first)
                })?;
                let end = p.word(")")?.end;
                Ok(Node::new(Shape::Tuple, start, end))
            },
            |p: &mut Self| {
                let start = p.word("[")?.start;
                p.opt(|p| {
                    p.gather(",", Self::star_target)?;
                    p.opt(|p| p.word(","))
                })?;
                let end = p.word("]")?.end;
                Ok(Node::new(Shape::List, start, end))
            },
        )
    }

    pub fn single_target(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.subscript_or_attribute(), |p: &mut Self| p.name(), |p: &mut Self| {
            p.word("(")?;
            let e = p.single_target()?;
            p.word(")")?;
            Ok(e)
        })
    }

    pub fn del_targets(&mut self) -> P<()> {
        self.gather(",", Self::del_target)?;
        self.opt(|p| p.word(","))?;
        Ok(())
    }

    fn del_target(&mut self) -> P<Node> {
        self.memo(Rule::DelTarget, |p| {
            alt!(p, |p: &mut Self| p.subscript_or_attribute(), |p: &mut Self| p.name(), |p: &mut Self| {
                let open = p.any(&["(", "["])?;
                let close = if p.slice(open) == "(" { ")" } else { "]" };
                p.opt(Self::del_targets)?;
                let end = p.word(close)?.end;
                Ok(Node::new(Shape::Tuple, open.start, end))
            })
        })
    }
}
