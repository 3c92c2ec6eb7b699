//! `__doc__` of classes whose methods are only added to what the VM made.

use ferropy_vm::{Builtin as B, R, Thread};

const DOCS: &[(B, &str)] = &[
    (
        B::Int,
        "int([x]) -> integer\nint(x, base=10) -> integer\n\nMake an integer of a number or of a text; without arguments it is \
         0.  A number is asked\nfor its __int__(); fractions are cut off.\n\nA text (str, bytes or bytearray) is read as a \
         literal in the given base, with an\noptional sign and white space around it.  Bases are 2 to 36, and 0 for the \
         base that\nthe literal itself shows by its prefix.\n\n>>> int('0b101', base=0)\n5",
    ),
    (B::Float, "Make a floating-point number of a number or of a text, if that is possible."),
    (
        B::Complex,
        "Make a complex number of a text or of numbers.\n\nA text must stand alone; of two numbers the first is the real \
         part and the second the\nimaginary part, and what is missing is zero.",
    ),
    (
        B::Bool,
        "True if the argument is true, else False.\n\nTrue and False are the only instances of the class bool, which \
         cannot be subclassed.",
    ),
    (
        B::Range,
        "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nThe integers from start on (0 if it is \
         left out) in steps of step, stop excluded.",
    ),
    (B::Slice, "slice(stop)\nslice(start, stop[, step])\n\nMake an object for extended slicing, as in a[0:10:2]."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    for (class, doc) in DOCS {
        let class = cx.builtin(*class);
        crate::bytes::set_doc(cx, class, doc)?;
    }
    Ok(())
}
