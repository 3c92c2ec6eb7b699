//! Shapes: which attribute of an instance lies in which slot.
//!
//! Terms. The *shape number* in an object's header names its class and, for instances, the set of attributes it has, in
//! order. Adding an attribute *transitions* to another shape. The first slots of the attribute area are `__slots__`
//! members of the class; slots past the inline ones lie in an overflow array. A shape in *dict mode* says that attributes
//! live in a dict (word 0 of the area).
//!
//! Invariants: a shape never changes once made; equal shape numbers mean equal classes, equal attribute names in equal
//! slots and an equal number of inline slots. Shape numbers of exact built-in classes are constants ([`crate::Builtin`]).

use crate::object::Gc;
use crate::types::Class;
use crate::{Thread, Value};
use rustc_hash::FxHashMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};

/// Most shapes that a process can have.
const MAX_SHAPES: usize = 1 << 22;
/// An instance with more attributes than this keeps them in a dict.
const MAX_ATTRS: u32 = 128;
/// Most inline slots of an instance.
pub const MAX_INLINE: u8 = 32;

pub struct Shape {
    pub class: Gc<Class>,
    pub parent: u32,
    /// The attribute that was added to the parent (interned), unbound in a root.
    pub name: Value,
    /// Slots in use, `__slots__` members included.
    pub count: u32,
    /// Slots of the attribute area that lie inline.
    pub inline: u8,
    /// Attributes are in a dict.
    pub dict_mode: bool,
    /// Instances can have attributes besides `__slots__` members.
    pub has_dict: bool,
    transitions: Vec<(Value, u32)>,
    to_dict_mode: u32,
}

/// All shapes of the process.
pub struct Shapes {
    list: Vec<Shape>,
    /// How many of them a collection has seen.
    visited: usize,
    lookup: FxHashMap<(u32, u64), u32>,
    /// Roots made by `root_with`: class address, slots, inline slots, has a dict.
    extra_roots: HashMap<(usize, u32, u8, bool), u32>,
}

/// Class of each shape: read without a lock on every type test.
static CLASSES: AtomicPtr<AtomicU64> = AtomicPtr::new(std::ptr::null_mut());

/// The class word of a shape, 0 if there is no such shape; the collector asks this.
#[inline(always)]
pub fn class_word(shape: u32) -> u64 {
    let table = CLASSES.load(Relaxed);
    // SAFETY: the table has MAX_SHAPES entries and is never freed; headers hold valid shape numbers.
    unsafe { (*table.add(shape as usize)).load(Relaxed) }
}

impl Shapes {
    pub fn new() -> Shapes {
        if CLASSES.load(Relaxed).is_null() {
            // Zeroed memory straight from the system: only touched pages cost anything.
            let layout = std::alloc::Layout::array::<AtomicU64>(MAX_SHAPES).expect("constant layout");
            // SAFETY: the layout is not empty.
            let table = unsafe { std::alloc::alloc_zeroed(layout) } as *mut AtomicU64;
            CLASSES.store(table, Relaxed);
        }
        Shapes { list: Vec::new(), visited: 0, lookup: FxHashMap::default(), extra_roots: HashMap::new() }
    }

    fn add(&mut self, shape: Shape) -> u32 {
        let n = self.list.len() as u32;
        assert!((n as usize) < MAX_SHAPES, "more than {MAX_SHAPES} shapes: please report");
        // SAFETY: see `class_word`.
        // Shape 0 is that of cells which belong to no class (the collector's fillers).
        let word = if n == 0 { 0 } else { shape.class.value().0 };
        unsafe { (*CLASSES.load(Relaxed).add(n as usize)).store(word, Relaxed) };
        self.list.push(shape);
        n
    }

    /// A shape without attributes for a class.
    pub fn root(&mut self, class: Gc<Class>, slots: u32, inline: u8, has_dict: bool) -> u32 {
        self.add(Shape {
            class,
            parent: 0,
            name: Value::NULL,
            count: slots,
            inline,
            dict_mode: false,
            has_dict,
            transitions: Vec::new(),
            to_dict_mode: 0,
        })
    }

    /// A root shape like those of `root`, shared by all who ask for the same: for instances whose class was assigned to.
    pub fn root_with(&mut self, class: Gc<Class>, slots: u32, inline: u8, has_dict: bool) -> u32 {
        let key = (class.addr(), slots, inline, has_dict);
        if let Some(n) = self.extra_roots.get(&key) {
            return *n;
        }
        let n = self.root(class, slots, inline, has_dict);
        self.extra_roots.insert(key, n);
        n
    }

    /// Start-up only: names the class of a reserved shape.
    pub(crate) fn set_class(&mut self, n: u32, class: Gc<Class>) {
        self.list[n as usize].class = class;
        // SAFETY: see `class_word`.
        unsafe { (*CLASSES.load(Relaxed).add(n as usize)).store(class.value().0, Relaxed) };
    }

    /// Start-up only.
    pub(crate) fn set_has_dict(&mut self, n: u32, has_dict: bool) {
        self.list[n as usize].has_dict = has_dict;
    }

    pub fn get(&self, n: u32) -> &Shape {
        &self.list[n as usize]
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Slot of an attribute.
    pub fn find(&mut self, shape: u32, name: Value) -> Option<u32> {
        let mut at = shape;
        let mut steps = 0;
        loop {
            let s = &self.list[at as usize];
            if s.name == name && !name.is_null() {
                let slot = s.count - 1;
                if steps > 6 {
                    self.lookup.insert((shape, name.0), slot);
                }
                return Some(slot);
            }
            if s.name.is_null() {
                return None;
            }
            steps += 1;
            if steps == 6
                && let Some(slot) = self.lookup.get(&(shape, name.0))
            {
                return Some(*slot);
            }
            at = s.parent;
        }
    }

    /// Shape with one attribute more; None if the instance should go to dict mode.
    pub fn with(&mut self, shape: u32, name: Value) -> Option<u32> {
        let s = &self.list[shape as usize];
        if let Some((_, next)) = s.transitions.iter().find(|t| t.0 == name) {
            return Some(*next);
        }
        if s.count >= MAX_ATTRS || s.transitions.len() > 64 {
            return None;
        }
        let next = Shape {
            class: s.class,
            parent: shape,
            name,
            count: s.count + 1,
            inline: s.inline,
            dict_mode: false,
            has_dict: true,
            transitions: Vec::new(),
            to_dict_mode: 0,
        };
        let n = self.add(next);
        self.list[shape as usize].transitions.push((name, n));
        Some(n)
    }

    /// The dict-mode shape for instances with this shape's root.
    pub fn dict_mode(&mut self, shape: u32) -> u32 {
        let mut root = shape;
        while !self.list[root as usize].name.is_null() {
            root = self.list[root as usize].parent;
        }
        if self.list[root as usize].dict_mode {
            return root;
        }
        if self.list[root as usize].to_dict_mode == 0 {
            let r = &self.list[root as usize];
            let s = Shape {
                class: r.class,
                parent: 0,
                name: Value::NULL,
                count: r.count,
                inline: r.inline,
                dict_mode: true,
                has_dict: true,
                transitions: Vec::new(),
                to_dict_mode: 0,
            };
            let n = self.add(s);
            self.list[root as usize].to_dict_mode = n;
        }
        self.list[root as usize].to_dict_mode
    }

    /// Attribute names with their slots, in the order of insertion (without `__slots__` members).
    pub fn names(&self, shape: u32) -> Vec<(Value, u32)> {
        let mut out = Vec::new();
        let mut at = shape;
        loop {
            let s = &self.list[at as usize];
            if s.name.is_null() {
                break;
            }
            out.push((s.name, s.count - 1));
            at = s.parent;
        }
        out.reverse();
        out
    }

    /// Names are interned strings, which stay alive as long as their shapes.
    pub fn visit(&mut self, all: bool, f: &mut dyn FnMut(*mut u64)) {
        let from = if all { 0 } else { self.visited };
        for s in &mut self.list[from..] {
            f(&mut s.name.0);
        }
        self.visited = self.list.len();
    }

    /// Classes of shapes are weak; the collector keeps those of live objects. Dead ones are cut off here.
    pub fn after_mark(&mut self, _alive: &dyn Fn(u64) -> bool) {}
}

impl Default for Shapes {
    fn default() -> Self {
        Shapes::new()
    }
}

impl Thread {
    /// The class of any value.
    #[inline(always)]
    pub fn class_of(&self, v: Value) -> Gc<Class> {
        if v.is_ref() {
            // SAFETY: the table holds class references for all shapes in use.
            return unsafe { Gc::from_raw(class_word(v.shape()) as *mut Class) };
        }
        self.class_of_immediate(v)
    }

    #[inline(never)]
    fn class_of_immediate(&self, v: Value) -> Gc<Class> {
        use crate::Builtin as B;
        self.builtin(match v {
            v if v.is_int() => B::Int,
            v if v.is_flonum() => B::Float,
            Value::NONE => B::NoneType,
            Value::TRUE | Value::FALSE => B::Bool,
            Value::ELLIPSIS => B::Ellipsis,
            Value::NOT_IMPLEMENTED => B::NotImplementedType,
            _ => B::Object,
        })
    }
}
