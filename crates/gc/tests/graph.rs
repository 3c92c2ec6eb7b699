//! Random object graphs, built and mutated against a shadow that says what must be reachable.

use ferropy_gc::*;
use std::collections::HashMap;

const NODE: u8 = 1;
const WEAK: u8 = 2;
const ARRAY: u8 = 3;

/// Payload: identity number (odd), then four slots.
static NODE_KIND: Kind = Kind::new("node", Size::Fixed(40), Layout::All);
static WEAK_KIND: Kind = Kind::new("weak", Size::Fixed(16), Layout::Opaque).with_weak_word(0);
unsafe fn array_size(p: *mut u8) -> usize {
    8 + *(p as *const usize) / 2 * 8
}
unsafe fn array_range(p: *mut u8) -> (*mut u64, usize) {
    ((p as *mut u64).add(1), *(p as *const usize) / 2)
}
static ARRAY_KIND: Kind = Kind::new("array", Size::Var(array_size), Layout::Range(array_range)).with_slot_log();
static FILLER_KIND: Kind = Kind::new("filler", Size::Fixed(8), Layout::Opaque);

struct Rng(u64);
impl Rng {
    fn next(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn slots(r: Ref) -> &'static [Slot] {
    unsafe { std::slice::from_raw_parts((r.payload() as *const Slot).add(1), 4) }
}
fn number(r: Ref) -> u64 {
    unsafe { *(r.payload() as *const u64) }
}

unsafe fn visit(client: *mut u8, _all: bool, f: &mut dyn FnMut(*mut u64)) {
    for w in (*(client as *mut Vec<u64>)).iter_mut() {
        f(w);
    }
}

struct World {
    _heap: Box<Heap>,
    m: Box<Mutator>,
    roots: Box<Vec<u64>>,
    /// Number of an object -> numbers in its slots (0: none).
    shadow: HashMap<u64, [u64; 4]>,
    root_numbers: Vec<u64>,
    next: u64,
}

impl World {
    fn new(stress: u32, nursery: usize) -> World {
        register_fixed(FILLER, &FILLER_KIND);
        register_fixed(NODE, &NODE_KIND);
        register_fixed(WEAK, &WEAK_KIND);
        register_fixed(ARRAY, &ARRAY_KIND);
        let config = Config { stress, nursery, major_min: 1 << 20, ..Config::default() };
        let mut heap = Heap::new(config).unwrap();
        let mut roots = Box::new(vec![0u64; 64]);
        heap.add_roots(visit, &mut *roots as *mut Vec<u64> as *mut u8);
        let mut m = Box::new(Mutator::new(&mut *heap));
        m.attach();
        World { _heap: heap, m, roots, shadow: HashMap::new(), root_numbers: vec![0; 64], next: 1 }
    }

    fn step(&mut self, rng: &mut Rng) {
        match rng.next(10) {
            0..4 => {
                let r = self.m.alloc(NODE, 7, 40, 0).unwrap();
                self.next += 2;
                unsafe { *(r.payload() as *mut u64) = self.next };
                let mut links = [0; 4];
                for (i, link) in links.iter_mut().enumerate() {
                    let k = rng.next(64);
                    if rng.next(3) > 0 {
                        slots(r)[i].init(self.roots[k]);
                        *link = self.root_numbers[k];
                    }
                }
                self.shadow.insert(self.next, links);
                let k = rng.next(64);
                self.roots[k] = r.addr() as u64;
                self.root_numbers[k] = self.next;
            }
            4..8 => {
                let (k, j, i) = (rng.next(64), rng.next(64), rng.next(4));
                if self.roots[k] != 0 {
                    let owner = unsafe { Ref::new(self.roots[k] as *mut u8) };
                    slots(owner)[i].set(&mut self.m, owner, self.roots[j]);
                    self.shadow.get_mut(&self.root_numbers[k]).unwrap()[i] = self.root_numbers[j];
                }
            }
            8 => {
                // Walk to some descendant and make it a root.
                let (mut at, mut num) = (self.roots[rng.next(64)], 0);
                for _ in 0..rng.next(20) {
                    if at == 0 {
                        break;
                    }
                    let r = unsafe { Ref::new(at as *mut u8) };
                    num = number(r);
                    at = slots(r)[rng.next(4)].get();
                }
                let k = rng.next(64);
                self.roots[k] = at;
                self.root_numbers[k] = if at == 0 { 0 } else { number(unsafe { Ref::new(at as *mut u8) }) };
                let _ = num;
            }
            _ => {
                let k = rng.next(64);
                self.roots[k] = 0;
                self.root_numbers[k] = 0;
            }
        }
    }

    /// Compares everything reachable with the shadow.
    fn verify(&mut self) -> usize {
        let mut todo: Vec<(u64, u64)> = self.roots.iter().copied().zip(self.root_numbers.iter().copied()).collect();
        let mut seen = HashMap::new();
        while let Some((word, num)) = todo.pop() {
            if word == 0 {
                assert_eq!(num, 0);
                continue;
            }
            let r = unsafe { Ref::new(word as *mut u8) };
            assert_eq!(number(r), num, "object lost or mixed up");
            assert_eq!(r.header().shape.load(std::sync::atomic::Ordering::Relaxed), 7);
            if let Some(old) = seen.insert(num, word) {
                assert_eq!(old, word, "two copies of one object");
                continue;
            }
            let links = self.shadow[&num];
            todo.extend(slots(r).iter().map(|s| s.get()).zip(links));
        }
        self.shadow.retain(|n, _| seen.contains_key(n));
        self.m.check().unwrap();
        seen.len()
    }
}

#[test]
fn random_graphs_survive() {
    for (seed, stress, nursery) in [(1, 0, 128 << 10), (2, 97, 128 << 10), (3, 3, 128 << 10), (4, 0, 1 << 20)] {
        let mut w = World::new(stress, nursery);
        let mut rng = Rng(0x9e3779b97f4a7c15 ^ seed);
        let rounds = if stress == 3 { 20 } else { 100 };
        for _ in 0..rounds {
            for _ in 0..2000 {
                w.step(&mut rng);
            }
            w.m.collect_minor();
            w.verify();
        }
        w.m.collect();
        assert!(w.verify() > 0);
    }
}

/// What the native stack points at keeps its place, also what is allocated between a major collection and the next minor.
#[test]
fn the_stack_pins_after_a_major_collection() {
    // So much stress that nothing collects by itself, but what is freed is poisoned.
    let mut w = World::new(u32::MAX, 128 << 10);
    let mut held: [Option<Ref>; 32] = [None; 32];
    for round in 0..32u64 {
        let r = w.m.alloc(NODE, 7, 40, 0).unwrap();
        unsafe { *(r.payload() as *mut u64) = round * 2 + 1 };
        held[round as usize] = Some(r);
        std::hint::black_box(&mut held);
        w.m.collect_minor();
        for (i, r) in held.iter().flatten().enumerate() {
            assert_eq!(number(*r), i as u64 * 2 + 1);
        }
        w.m.collect();
    }
    std::hint::black_box(&held);
}

/// Makes `n` weak references in `array`, each to a fresh object that only the next slot of the array refers to.
#[inline(never)]
fn weak_pairs(w: &mut World, n: usize) {
    for i in 0..n {
        let r = w.m.alloc(NODE, 7, 40, 0).unwrap();
        w.roots[i * 2] = r.addr() as u64;
        let weak = w.m.alloc(WEAK, 7, 16, 0).unwrap();
        unsafe { *(weak.payload() as *mut u64) = w.roots[i * 2] };
        w.m.register(weak);
        w.roots[i * 2 + 1] = weak.addr() as u64;
    }
}

#[test]
fn weak_references_follow_and_clear() {
    let mut w = World::new(0, 1 << 20);
    let n = 32;
    weak_pairs(&mut w, n);
    w.m.collect();
    let target = |w: &World, i: usize| unsafe { *(w.roots[i * 2 + 1] as *const u64) };
    assert!((0..n).all(|i| target(&w, i) == w.roots[i * 2]));
    for i in 0..n {
        w.roots[i * 2] = 0;
    }
    clear_stack();
    w.m.collect();
    // Stale words of the stack may rightly keep a few.
    let cleared = (0..n).filter(|i| target(&w, *i) == 0).count();
    assert!(cleared >= n - 4, "{cleared} of {n} cleared");
    let reported = std::iter::from_fn(|| w.m.next_cleared()).count();
    assert_eq!(reported, cleared);
}

#[inline(never)]
fn clear_stack() {
    std::hint::black_box([0u64; 512]);
}

#[test]
fn identity_is_stable_and_big_arrays_log_slots() {
    let mut w = World::new(0, 128 << 10);
    let n = 100_000usize;
    let a = w.m.alloc(ARRAY, 7, 8 + n * 8, 0).unwrap();
    unsafe { *(a.payload() as *mut usize) = (n * 2) | 1 };
    w.roots[0] = a.addr() as u64;
    let array = |w: &World| unsafe { Ref::new(w.roots[0] as *mut u8) };
    let slot = |w: &World, i: usize| unsafe { &*(array(w).payload() as *const Slot).add(1 + i) };
    let mut ids = Vec::new();
    for i in 0..2000 {
        let r = w.m.alloc(NODE, 7, 40, 0).unwrap();
        unsafe { *(r.payload() as *mut u64) = i as u64 * 2 + 1 };
        ids.push(w.m.identity(r));
        let owner = array(&w);
        slot(&w, i * 50).set(&mut w.m, owner, r.addr() as u64);
        if i % 300 == 0 {
            w.m.collect_minor();
        }
    }
    w.m.collect();
    for (i, id) in ids.iter().enumerate() {
        let r = unsafe { Ref::new(slot(&w, i * 50).get() as *mut u8) };
        assert_eq!(number(r), i as u64 * 2 + 1);
        assert_eq!(w.m.identity(r), *id);
    }
    w.m.check().unwrap();
}
