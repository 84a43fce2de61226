//! Logs.

use alloy_primitives::B256;
use arbius_host as host;
use arbius_protocol::encoding::Encoder;

/// A log that is being written.
#[derive(Clone, Debug)]
pub struct Event {
    encoder: Encoder,
    topics: usize,
}

impl Event {
    /// An event of this signature's hash with these indexed arguments and as many others
    /// as `arguments` says.
    #[inline(never)]
    #[must_use]
    pub fn new(signature: &B256, indexed: &[B256], arguments: usize) -> Self {
        let mut topics = Encoder::new(&[], 1 + indexed.len());
        topics.word(signature);
        for word in indexed {
            topics.word(word);
        }
        Self {
            encoder: Encoder::new(&topics.finish(), arguments),
            topics: 1 + indexed.len(),
        }
    }

    /// The arguments that are not indexed.
    pub const fn arguments(&mut self) -> &mut Encoder {
        &mut self.encoder
    }

    /// Emits it.
    pub fn emit(self) {
        host::log(&self.encoder.finish(), self.topics);
    }
}

/// An event of an interface: its type, its indexed arguments, and how many others it has.
#[macro_export]
macro_rules! event {
    ($event:ty, $indexed:expr, $arguments:expr) => {
        $crate::Event::new(
            &arbius_host::word!(<$event as alloy_sol_types::SolEvent>::SIGNATURE_HASH),
            $indexed,
            $arguments,
        )
    };
}
