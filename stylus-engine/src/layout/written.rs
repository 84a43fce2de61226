//! The storage layout written down: what [`STORAGE`] and the packed words say, as rows that
//! are compared with `layout.json`.
//!
//! Nothing here is said twice. Slots come from the handles; where a field lies in its word
//! is found by packing a word in which only that field is set, to what its greatest value
//! unpacks to.

use super::STORAGE;
use crate::store::{Field, Key, Map, Map2, Pack};
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// The layout that contracts have been deployed with, and what was added to it since.
const WRITTEN: &str = include_str!("../../layout.json");

/// Where a handle's words begin.
pub(crate) trait Rooted {
    /// The number of its slot, and the types of its keys, outermost first.
    fn place(self) -> (u32, Vec<&'static str>);
}

impl<T: Pack> Rooted for Field<T> {
    fn place(self) -> (u32, Vec<&'static str>) {
        (self.number(), Vec::new())
    }
}

impl<K: Key, V: Pack> Rooted for Map<K, V> {
    fn place(self) -> (u32, Vec<&'static str>) {
        (self.root(), Vec::from([K::NAME]))
    }
}

impl<K: Key, L: Key, V: Pack> Rooted for Map2<K, L, V> {
    fn place(self) -> (u32, Vec<&'static str>) {
        (self.root(), Vec::from([K::NAME, L::NAME]))
    }
}

/// The bits of each field of a word, and of all together.
pub(crate) struct Word {
    fields: Vec<(&'static str, crate::host::Word)>,
    all: crate::host::Word,
}

impl Word {
    /// A word with these fields, where `all` are the bits that it uses.
    pub(crate) fn new(
        fields: Vec<(&'static str, crate::host::Word)>,
        all: crate::host::Word,
    ) -> Self {
        Self { fields, all }
    }
}

/// The fields of a packed word: `word!(Head: owner, time)`. Without any, the word is one
/// value, which has the name of its handle or one of its own: `word!(B256 as input)`.
macro_rules! word {
    ($type:ty) => {{
        use $crate::store::Pack;
        let all = <$type as Pack>::unpack(&[0xFF; 32]).pack();
        $crate::layout::written::Word::new(::std::vec::Vec::from([("", all)]), all)
    }};
    ($type:ty as $name:ident) => {{
        use $crate::store::Pack;
        let all = <$type as Pack>::unpack(&[0xFF; 32]).pack();
        $crate::layout::written::Word::new(::std::vec::Vec::from([(stringify!($name), all)]), all)
    }};
    ($type:ty: $($($field:ident).+),+) => {{
        use $crate::store::Pack;
        let full = <$type as Pack>::unpack(&[0xFF; 32]);
        let fields = ::std::vec::Vec::from([$({
            let mut only = <$type as Pack>::unpack(&[0; 32]);
            only.$($field).+ = full.$($field).+;
            (stringify!($($field).+), only.pack())
        }),+]);
        $crate::layout::written::Word::new(fields, full.pack())
    }};
}
pub(crate) use word;

/// Where a field lies.
struct Row {
    field: String,
    slot: u32,
    /// The types of the keys under which the slot is looked up, outermost first.
    keys: Vec<&'static str>,
    /// Which of the consecutive words there.
    word: usize,
    bits: crate::host::Word,
    /// When the bytes mean this, where they mean something else at other times.
    when: Option<&'static str>,
}

impl Row {
    /// The row as it is written: bytes from a first one on, or one bit.
    fn json(&self) -> String {
        let Self {
            field,
            slot,
            keys,
            word,
            bits,
            when,
        } = self;
        let when = when.map_or_else(String::new, |when| format!(", \"when\": \"{when}\""));
        let first = bits
            .iter()
            .position(|byte| *byte != 0)
            .expect("a field has bits");
        let bytes = bits.iter().filter(|byte| **byte != 0).count();
        let place = match bits[first] {
            0xFF => {
                let whole = bits[first..first + bytes].iter().all(|byte| *byte == 0xFF);
                assert!(whole, "{field} lies in one piece");
                format!("\"byte\": {first}, \"bytes\": {bytes}")
            }
            flag => {
                assert_eq!((bytes, flag.count_ones()), (1, 1), "{field} is a flag");
                format!("\"byte\": {first}, \"bit\": {}", flag.trailing_zeros())
            }
        };
        let keys: Vec<_> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        let keys = keys.join(", ");
        format!(
            "{{\"field\": \"{field}\", \"slot\": {slot}, \"keys\": [{keys}], \"word\": {word}, {place}{when}}}"
        )
    }
}

/// Rows of the layout in the making.
#[derive(Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// The consecutive words at a handle.
    pub(crate) fn at(&mut self, name: &str, handle: impl Rooted, words: &[Word]) {
        let (slot, keys) = handle.place();
        for (offset, word) in words.iter().enumerate() {
            self.word(name, (slot, &keys), offset, word, None);
        }
    }

    /// A part of the first word at a handle that means one thing or another, each with when.
    pub(crate) fn either(
        &mut self,
        name: &str,
        handle: impl Rooted,
        meanings: [(&'static str, Word); 2],
    ) {
        let (slot, keys) = handle.place();
        for (when, word) in &meanings {
            self.word(name, (slot, &keys), 0, word, Some(when));
        }
    }

    fn word(
        &mut self,
        name: &str,
        (slot, keys): (u32, &[&'static str]),
        offset: usize,
        word: &Word,
        when: Option<&'static str>,
    ) {
        let mut covered = [0; 32];
        for (field, bits) in &word.fields {
            for (byte, bits) in covered.iter_mut().zip(bits) {
                *byte |= bits;
            }
            let separator = if field.is_empty() { "" } else { "." };
            self.0.push(Row {
                field: format!("{name}{separator}{field}"),
                slot,
                keys: keys.to_vec(),
                word: offset,
                bits: *bits,
                when,
            });
        }
        assert_eq!(
            covered, word.all,
            "{name}: a field of word {offset} is missing"
        );
    }

    /// A field at a fixed slot, by the bits that it uses.
    pub(crate) fn fixed(&mut self, field: String, slot: u32, bits: crate::host::Word) {
        let (keys, word) = (Vec::new(), 0);
        self.0.push(Row {
            field,
            slot,
            keys,
            word,
            bits,
            when: None,
        });
    }
}

/// Every field, a row each.
fn rows() -> Vec<Row> {
    let mut rows = Rows::default();
    STORAGE.state.write_down(&mut rows);
    STORAGE.params.write_down(&mut rows);
    STORAGE.models.write_down(&mut rows);
    STORAGE.tasks.write_down(&mut rows);
    STORAGE.solutions.write_down(&mut rows);
    STORAGE.validators.write_down(&mut rows);
    STORAGE.earnings.write_down(&mut rows);
    STORAGE.contestations.write_down(&mut rows);
    STORAGE.consumers.write_down(&mut rows);
    STORAGE.solvers.write_down(&mut rows);
    rows.0
}

/// With `ARBIUS_WRITE_LAYOUT` set, which `cargo xtask layout` does, what is new is added to
/// the file.
#[test]
fn no_field_has_moved_and_every_field_is_written_down() {
    let rows: Vec<_> = rows().iter().map(Row::json).collect();
    for old in WRITTEN.lines().filter(|line| line.contains("\"field\"")) {
        let old = old.trim().trim_end_matches(',').to_string();
        assert!(
            rows.contains(&old),
            "an upgrade must leave this field where it is, or it reads what is stored \
             there as something else: {old}"
        );
    }
    let text = format!("[\n  {}\n]\n", rows.join(",\n  "));
    if std::env::var_os("ARBIUS_WRITE_LAYOUT").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/layout.json");
        std::fs::write(path, text).expect("the file can be written");
    } else {
        assert_eq!(
            WRITTEN, text,
            "fields are not in layout.json: run `cargo xtask layout`"
        );
    }
}

#[test]
fn no_two_fields_share_a_bit() {
    let rows = rows();
    for (i, a) in rows.iter().enumerate() {
        for b in rows[i + 1..].iter().filter(|b| b.slot == a.slot) {
            assert_eq!(a.keys, b.keys, "{} and {}", a.field, b.field);
            let at_other_times = a.when.is_some() && b.when.is_some() && a.when != b.when;
            let apart = at_other_times
                || a.word != b.word
                || a.bits.iter().zip(&b.bits).all(|(a, b)| a & b == 0);
            assert!(apart, "{} and {}", a.field, b.field);
        }
    }
}
