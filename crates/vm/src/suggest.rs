//! "Did you mean": the known name most like one that was not found.

/// Longest name that is looked at.
const MAX_LEN: usize = 40;
const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;

/// Looks for the name most like another; the first one wins among equals.
pub struct Search<'a> {
    wanted: &'a [u8],
    best: Option<usize>,
}

impl<'a> Search<'a> {
    pub fn new(wanted: &'a [u8]) -> Search<'a> {
        Search { wanted, best: None }
    }

    /// Is the name more like the wanted one than all before, and like it at all?
    pub fn offer(&mut self, known: &[u8]) -> bool {
        if known == self.wanted {
            return false;
        }
        // At most a third of the letters may be wrong.
        let limit = (self.wanted.len() + known.len() + 3) * MOVE_COST / 6;
        let limit = self.best.map_or(limit, |b| limit.min(b.saturating_sub(1)));
        let distance = edit_cost(self.wanted, known);
        let better = distance <= limit;
        if better {
            self.best = Some(distance);
        }
        better
    }
}

/// The name most like `wanted`, if any is like it at all.
pub fn closest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut search = Search::new(wanted.as_bytes());
    known.into_iter().filter(|k| search.offer(k.as_bytes())).last()
}

/// `. Did you mean 'name'?`, or nothing.
pub fn hint<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(wanted, known).map_or_else(String::new, |k| format!(". Did you mean '{k}'?"))
}

/// Weighted edit distance: a change of case costs less than another letter.
fn edit_cost(a: &[u8], b: &[u8]) -> usize {
    if a.len() > MAX_LEN || b.len() > MAX_LEN {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j * MOVE_COST).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) * MOVE_COST;
        for (j, y) in b.iter().enumerate() {
            let change = match (x, y) {
                _ if x == y => 0,
                _ if x.eq_ignore_ascii_case(y) => CASE_COST,
                _ => MOVE_COST,
            };
            let cost = (diagonal + change).min(row[j] + MOVE_COST).min(row[j + 1] + MOVE_COST);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()]
}
