//! `_opcode`: what the modules `opcode` and `dis` ask about CPython's instructions.
//!
//! Our own bytecode is another one; these tables describe CPython 3.14's instruction set, whose numbers `opcode.opmap`
//! (shipped in `_opcode_metadata`) gives.

use ferropy_vm::types::CodeObject;
use ferropy_vm::{Args, NativeDef, R, RootedVec, Thread, Value};

/// How an instruction changes the depth of CPython's stack.
#[derive(Clone, Copy)]
enum Effect {
    /// `a + b * oparg`.
    Linear(i64, i64),
    /// `a + b * (oparg & 1)`.
    ByLowBit(i64, i64),
    /// `a` when it jumps (or nobody says), else nothing.
    IfJumping(i64),
    /// A specialised form: only the general one has an effect that can be asked for.
    Unknown,
}

/// (number, properties, effect). Properties: a argument, c constant, n name, j jump, f free variable, l local, e sets up a
/// handler.
static OPS: &[(u16, &str, Effect)] = &[
    (0, "", Effect::Linear(0, 0)),
    (1, "", Effect::Linear(-2, 0)),
    (2, "", Effect::Linear(-1, 0)),
    (3, "l", Effect::Unknown),
    (4, "", Effect::Linear(-3, 0)),
    (5, "", Effect::Linear(0, 0)),
    (6, "", Effect::Linear(0, 0)),
    (7, "", Effect::Linear(-1, 0)),
    (8, "", Effect::Linear(-2, 0)),
    (9, "", Effect::Linear(-1, 0)),
    (10, "", Effect::Linear(-1, 0)),
    (11, "", Effect::Linear(-1, 0)),
    (12, "", Effect::Linear(0, 0)),
    (13, "", Effect::Linear(-1, 0)),
    (14, "", Effect::Linear(0, 0)),
    (15, "", Effect::Linear(1, 0)),
    (16, "", Effect::Linear(0, 0)),
    (17, "", Effect::Linear(0, 0)),
    (18, "", Effect::Linear(1, 0)),
    (19, "", Effect::Linear(0, 0)),
    (20, "", Effect::Linear(-1, 0)),
    (21, "", Effect::Linear(1, 0)),
    (22, "", Effect::Linear(1, 0)),
    (23, "", Effect::Linear(0, 0)),
    (24, "", Effect::Linear(1, 0)),
    (25, "", Effect::Linear(1, 0)),
    (26, "", Effect::Linear(1, 0)),
    (27, "", Effect::Linear(0, 0)),
    (28, "", Effect::Linear(0, 0)),
    (29, "", Effect::Linear(-1, 0)),
    (30, "", Effect::Linear(-1, 0)),
    (31, "", Effect::Linear(-1, 0)),
    (32, "", Effect::Linear(1, 0)),
    (33, "", Effect::Linear(1, 0)),
    (34, "", Effect::Linear(1, 0)),
    (35, "", Effect::Linear(0, 0)),
    (36, "", Effect::Linear(0, 0)),
    (37, "", Effect::Linear(-4, 0)),
    (38, "", Effect::Linear(-3, 0)),
    (39, "", Effect::Linear(0, 0)),
    (40, "", Effect::Linear(0, 0)),
    (41, "", Effect::Linear(0, 0)),
    (42, "", Effect::Linear(0, 0)),
    (43, "", Effect::Linear(1, 0)),
    (44, "a", Effect::Linear(-1, 0)),
    (45, "a", Effect::ByLowBit(-1, -1)),
    (46, "a", Effect::Linear(1, -1)),
    (47, "a", Effect::Linear(1, -2)),
    (48, "a", Effect::Linear(1, -1)),
    (49, "a", Effect::Linear(1, -1)),
    (50, "a", Effect::Linear(1, -1)),
    (51, "a", Effect::Linear(1, -1)),
    (52, "a", Effect::Linear(-1, -1)),
    (53, "a", Effect::Linear(0, 0)),
    (54, "a", Effect::Linear(-1, 0)),
    (55, "a", Effect::Linear(-2, -1)),
    (56, "a", Effect::Linear(-1, 0)),
    (57, "a", Effect::Linear(-1, 0)),
    (58, "a", Effect::Linear(0, 0)),
    (59, "a", Effect::Linear(1, 0)),
    (60, "a", Effect::Linear(0, 0)),
    (61, "an", Effect::Linear(-1, 0)),
    (62, "af", Effect::Linear(0, 0)),
    (63, "al", Effect::Linear(0, 0)),
    (64, "an", Effect::Linear(0, 0)),
    (65, "an", Effect::Linear(0, 0)),
    (66, "a", Effect::Linear(-1, 0)),
    (67, "a", Effect::Linear(-1, 0)),
    (68, "aj", Effect::Linear(-2, 0)),
    (69, "a", Effect::Linear(0, 0)),
    (70, "aj", Effect::Linear(1, 0)),
    (71, "a", Effect::Linear(0, 0)),
    (72, "an", Effect::Linear(1, 0)),
    (73, "an", Effect::Linear(-1, 0)),
    (74, "a", Effect::Linear(-1, 0)),
    (75, "aj", Effect::Linear(0, 0)),
    (76, "aj", Effect::Linear(0, 0)),
    (77, "aj", Effect::Linear(0, 0)),
    (78, "a", Effect::Linear(-1, 0)),
    (79, "a", Effect::Linear(-1, 0)),
    (80, "an", Effect::ByLowBit(0, 1)),
    (81, "a", Effect::Linear(1, 0)),
    (82, "ac", Effect::Linear(1, 0)),
    (83, "al", Effect::Linear(1, 0)),
    (84, "al", Effect::Linear(1, 0)),
    (85, "al", Effect::Linear(1, 0)),
    (86, "al", Effect::Linear(1, 0)),
    (87, "al", Effect::Linear(2, 0)),
    (88, "al", Effect::Linear(1, 0)),
    (89, "al", Effect::Linear(2, 0)),
    (90, "af", Effect::Linear(0, 0)),
    (91, "an", Effect::Linear(0, 0)),
    (92, "an", Effect::ByLowBit(1, 1)),
    (93, "an", Effect::Linear(1, 0)),
    (94, "a", Effect::Linear(1, 0)),
    (95, "a", Effect::Linear(1, 0)),
    (96, "an", Effect::ByLowBit(-2, 1)),
    (97, "af", Effect::Linear(0, 0)),
    (98, "a", Effect::Linear(-2, 0)),
    (99, "a", Effect::Linear(-2, 0)),
    (100, "aj", Effect::Linear(-1, 0)),
    (101, "aj", Effect::Linear(-1, 0)),
    (102, "aj", Effect::Linear(-1, 0)),
    (103, "aj", Effect::Linear(-1, 0)),
    (104, "a", Effect::Linear(0, -1)),
    (105, "a", Effect::Linear(-1, 0)),
    (106, "aj", Effect::Linear(0, 0)),
    (107, "a", Effect::Linear(-1, 0)),
    (108, "a", Effect::Linear(-1, 0)),
    (109, "a", Effect::Linear(-1, 0)),
    (110, "an", Effect::Linear(-2, 0)),
    (111, "af", Effect::Linear(-1, 0)),
    (112, "al", Effect::Linear(-1, 0)),
    (113, "al", Effect::Linear(0, 0)),
    (114, "al", Effect::Linear(-2, 0)),
    (115, "an", Effect::Linear(-1, 0)),
    (116, "an", Effect::Linear(-1, 0)),
    (117, "a", Effect::Linear(0, 0)),
    (118, "a", Effect::Linear(0, 1)),
    (119, "a", Effect::Linear(-1, 1)),
    (120, "a", Effect::Linear(0, 0)),
    (128, "a", Effect::Linear(0, 0)),
    (129, "", Effect::Unknown),
    (130, "", Effect::Unknown),
    (131, "", Effect::Unknown),
    (132, "", Effect::Unknown),
    (133, "", Effect::Unknown),
    (134, "", Effect::Unknown),
    (135, "", Effect::Unknown),
    (136, "", Effect::Unknown),
    (137, "", Effect::Unknown),
    (138, "", Effect::Unknown),
    (139, "", Effect::Unknown),
    (140, "", Effect::Unknown),
    (141, "", Effect::Unknown),
    (142, "", Effect::Unknown),
    (143, "a", Effect::Unknown),
    (144, "a", Effect::Unknown),
    (145, "a", Effect::Unknown),
    (146, "a", Effect::Unknown),
    (147, "a", Effect::Unknown),
    (148, "a", Effect::Unknown),
    (149, "a", Effect::Unknown),
    (150, "a", Effect::Unknown),
    (151, "a", Effect::Unknown),
    (152, "a", Effect::Unknown),
    (153, "a", Effect::Unknown),
    (154, "", Effect::Unknown),
    (155, "a", Effect::Unknown),
    (156, "a", Effect::Unknown),
    (157, "a", Effect::Unknown),
    (158, "a", Effect::Unknown),
    (159, "a", Effect::Unknown),
    (160, "a", Effect::Unknown),
    (161, "a", Effect::Unknown),
    (162, "a", Effect::Unknown),
    (163, "a", Effect::Unknown),
    (164, "a", Effect::Unknown),
    (165, "a", Effect::Unknown),
    (166, "a", Effect::Unknown),
    (167, "a", Effect::Unknown),
    (168, "a", Effect::Unknown),
    (169, "a", Effect::Unknown),
    (170, "a", Effect::Unknown),
    (171, "a", Effect::Unknown),
    (172, "aj", Effect::Unknown),
    (173, "aj", Effect::Unknown),
    (174, "aj", Effect::Unknown),
    (175, "aj", Effect::Unknown),
    (176, "aj", Effect::Unknown),
    (177, "a", Effect::Unknown),
    (178, "a", Effect::Unknown),
    (179, "an", Effect::Unknown),
    (180, "a", Effect::Unknown),
    (181, "a", Effect::Unknown),
    (182, "a", Effect::Unknown),
    (183, "a", Effect::Unknown),
    (184, "a", Effect::Unknown),
    (185, "a", Effect::Unknown),
    (186, "a", Effect::Unknown),
    (187, "a", Effect::Unknown),
    (188, "a", Effect::Unknown),
    (189, "an", Effect::Unknown),
    (190, "ac", Effect::Unknown),
    (191, "ac", Effect::Unknown),
    (192, "a", Effect::Unknown),
    (193, "a", Effect::Unknown),
    (194, "an", Effect::Unknown),
    (195, "an", Effect::Unknown),
    (196, "", Effect::Unknown),
    (197, "a", Effect::Unknown),
    (198, "", Effect::Unknown),
    (199, "", Effect::Unknown),
    (200, "an", Effect::Unknown),
    (201, "", Effect::Unknown),
    (202, "", Effect::Unknown),
    (203, "", Effect::Unknown),
    (204, "", Effect::Unknown),
    (205, "", Effect::Unknown),
    (206, "", Effect::Unknown),
    (207, "", Effect::Unknown),
    (208, "", Effect::Unknown),
    (209, "a", Effect::Unknown),
    (210, "a", Effect::Unknown),
    (211, "a", Effect::Unknown),
    (234, "", Effect::Linear(-1, 0)),
    (235, "", Effect::Linear(-1, 0)),
    (236, "", Effect::Linear(-1, 0)),
    (237, "aj", Effect::Linear(1, 0)),
    (238, "", Effect::Linear(0, 0)),
    (239, "a", Effect::Linear(0, 0)),
    (240, "", Effect::Linear(0, 0)),
    (241, "a", Effect::Linear(-1, 0)),
    (242, "a", Effect::Linear(-1, 0)),
    (243, "a", Effect::Linear(-1, 0)),
    (244, "a", Effect::Linear(-1, 0)),
    (245, "a", Effect::Linear(0, 0)),
    (246, "", Effect::Linear(0, 0)),
    (247, "a", Effect::Linear(0, 0)),
    (248, "aj", Effect::Linear(-2, 0)),
    (249, "an", Effect::ByLowBit(-2, 1)),
    (250, "a", Effect::Linear(-1, -1)),
    (251, "a", Effect::Linear(-2, -1)),
    (252, "", Effect::Linear(-3, 0)),
    (253, "a", Effect::Linear(0, 0)),
    (254, "", Effect::Linear(0, 0)),
    (255, "a", Effect::Linear(0, 0)),
    (256, "", Effect::Linear(0, 0)),
    (257, "aj", Effect::Linear(0, 0)),
    (258, "aj", Effect::Linear(0, 0)),
    (259, "aj", Effect::Linear(0, 0)),
    (260, "aj", Effect::Linear(0, 0)),
    (261, "al", Effect::Linear(1, 0)),
    (262, "", Effect::Linear(0, 0)),
    (263, "ae", Effect::IfJumping(2)),
    (264, "ae", Effect::IfJumping(1)),
    (265, "ae", Effect::IfJumping(1)),
    (266, "al", Effect::Linear(-1, 0)),
];

static NB_OPS: &[(&str, &str)] = &[
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
    ("NB_SUBSCR", "[]"),
];
static INTRINSICS_1: &[&str] = &[
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];
static INTRINSICS_2: &[&str] = &[
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];
static SPECIAL_METHODS: &[&str] = &["__enter__", "__exit__", "__aenter__", "__aexit__"];

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "stack_effect(opcode, oparg=None, /, *, jump=None)",
        stack_effect,
        "Compute the stack effect of the opcode.",
    ),
    NativeDef::function("is_valid(opcode)", is_valid, "Return True if opcode is valid, False otherwise."),
    NativeDef::function("has_arg(opcode)", has::<b'a'>, "Return True if the opcode uses its oparg, False otherwise."),
    NativeDef::function(
        "has_const(opcode)",
        has::<b'c'>,
        "Return True if the opcode accesses a constant, False otherwise.",
    ),
    NativeDef::function(
        "has_name(opcode)",
        has::<b'n'>,
        "Return True if the opcode accesses an attribute by name, False otherwise.",
    ),
    NativeDef::function(
        "has_jump(opcode)",
        has::<b'j'>,
        "Return True if the opcode has a jump target, False otherwise.",
    ),
    NativeDef::function(
        "has_free(opcode)",
        has::<b'f'>,
        "Return True if the opcode accesses a free variable, False otherwise.",
    ),
    NativeDef::function(
        "has_local(opcode)",
        has::<b'l'>,
        "Return True if the opcode accesses a local variable, False otherwise.",
    ),
    NativeDef::function(
        "has_exc(opcode)",
        has::<b'e'>,
        "Return True if the opcode sets an exception handler, False otherwise.",
    ),
    NativeDef::function("get_specialization_stats()", get_specialization_stats, "Return the specialization stats"),
    NativeDef::function("get_nb_ops()", get_nb_ops, "Return array of symbols of binary ops."),
    NativeDef::function(
        "get_intrinsic1_descs()",
        get_intrinsic1_descs,
        "Return a list of names of the unary intrinsics.",
    ),
    NativeDef::function(
        "get_intrinsic2_descs()",
        get_intrinsic2_descs,
        "Return a list of names of the binary intrinsics.",
    ),
    NativeDef::function(
        "get_special_method_names()",
        get_special_method_names,
        "Return a list of special method names.",
    ),
    NativeDef::function(
        "get_executor(code, offset)",
        get_executor,
        "Return the executor object at offset in code if exists, None otherwise.",
    ),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_opcode", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_opcode", "Opcode support module.", FUNCTIONS)?;
    for name in ["ENABLE_SPECIALIZATION", "ENABLE_SPECIALIZATION_FT"] {
        cx.module_set(m, name, Value::FALSE)?;
    }
    Ok(m.value())
}

fn find(n: i64) -> Option<&'static (u16, &'static str, Effect)> {
    OPS.iter().find(|o| o.0 as i64 == n)
}

fn stack_effect(cx: &mut Thread, a: Args<'_>) -> R {
    let op = cx.index(a[0])?;
    let oparg = match a.some(1) {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    let jump = match a.or(2, Value::NONE) {
        Value::NONE | Value::TRUE => true,
        Value::FALSE => false,
        _ => return Err(cx.value_error("stack_effect: jump must be False, True or None")),
    };
    let n = match find(op).map(|o| o.2) {
        Some(Effect::Linear(x, y)) => x.saturating_add(y.saturating_mul(oparg)),
        Some(Effect::ByLowBit(x, y)) => x + y * (oparg & 1),
        Some(Effect::IfJumping(x)) => {
            if jump {
                x
            } else {
                0
            }
        }
        Some(Effect::Unknown) | None => return Err(cx.value_error("invalid opcode or oparg")),
    };
    cx.int(n)
}

fn is_valid(cx: &mut Thread, a: Args<'_>) -> R {
    let op = cx.index(a[0])?;
    Ok(Value::bool(find(op).is_some()))
}

fn has<const PROPERTY: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let op = cx.index(a[0])?;
    Ok(Value::bool(find(op).is_some_and(|o| o.1.as_bytes().contains(&PROPERTY))))
}

fn list_of(cx: &mut Thread, names: &[&str]) -> R {
    let mut out = RootedVec::new(cx);
    for n in names {
        let n = cx.intern(n)?;
        out.push(n);
    }
    Ok(cx.new_list(&out)?.value())
}

fn get_nb_ops(cx: &mut Thread, _: Args<'_>) -> R {
    let mut out = RootedVec::new(cx);
    for (name, symbol) in NB_OPS {
        let (name, symbol) = (cx.intern(name)?, cx.intern(symbol)?);
        let pair = cx.new_tuple(&[name, symbol])?;
        out.push(pair);
    }
    Ok(cx.new_list(&out)?.value())
}
fn get_intrinsic1_descs(cx: &mut Thread, _: Args<'_>) -> R {
    list_of(cx, INTRINSICS_1)
}
fn get_intrinsic2_descs(cx: &mut Thread, _: Args<'_>) -> R {
    list_of(cx, INTRINSICS_2)
}
fn get_special_method_names(cx: &mut Thread, _: Args<'_>) -> R {
    list_of(cx, SPECIAL_METHODS)
}

/// Nothing is specialised, so there is nothing to count.
fn get_specialization_stats(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn get_executor(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<CodeObject>().is_none() {
        let got = cx.class_name(a[0]);
        return Err(cx.type_error(format!("expected a code object, not '{got}'")));
    }
    cx.index(a[1])?;
    Err(cx.value_error("no executor at given byte offset"))
}
