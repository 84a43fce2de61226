//! As much of protobuf as dag-pb and UnixFS need: varints and byte strings.

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) value: Value<'a>,
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A varint, wire type 0.
    Number(u64),
    /// A byte string, wire type 2.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    pub(crate) fn wire_type(&self) -> u8 {
        match self {
            Value::Number(_) => 0,
            Value::Bytes(_) => 2,
        }
    }
}

/// Bytes that are not protobuf, or not the part of it that is used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A number or a byte string runs past the end.
    #[error("it is cut off at byte {at}")]
    CutOff {
        /// Where the value began, counted in the message that holds it.
        at: usize,
    },
    /// A varint of more than 64 bits.
    #[error("the number at byte {at} is above 64 bits")]
    Overflow {
        /// Where the number began.
        at: usize,
    },
    /// A wire type other than a varint or a byte string.
    #[error("the field at byte {at} has wire type {wire}, which is not used here")]
    WireType {
        /// Where the field began.
        at: usize,
        /// Its wire type.
        wire: u8,
    },
}

/// The fields of a message in the order in which they were written. It ends after the first
/// error.
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { message, at: 0 }
    }

    fn varint(&mut self) -> Result<u64, FieldError> {
        let start = self.at;
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self
                .message
                .get(self.at)
                .ok_or(FieldError::CutOff { at: start })?;
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                return Err(FieldError::Overflow { at: start });
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(FieldError::Overflow { at: start })
    }

    fn field(&mut self) -> Result<Field<'a>, FieldError> {
        let start = self.at;
        let key = self.varint()?;
        let number = key >> 3;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = self.varint()?;
                let bytes = usize::try_from(length)
                    .ok()
                    .and_then(|length| self.at.checked_add(length))
                    .and_then(|end| self.message.get(self.at..end))
                    .ok_or(FieldError::CutOff { at: start })?;
                self.at += bytes.len();
                Value::Bytes(bytes)
            }
            wire => {
                return Err(FieldError::WireType {
                    at: start,
                    wire: wire as u8,
                });
            }
        };
        Ok(Field { number, value })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, FieldError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.len() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.at = self.message.len();
        }
        Some(field)
    }
}

/// What a message begins with if that is bytes: the field's number, where the bytes begin and
/// how many there are. They need not be there.
pub(crate) fn leading_bytes(message: &[u8]) -> Option<(u64, usize, u64)> {
    let mut fields = Fields::of(message);
    let key = fields.varint().ok()?;
    let length = fields.varint().ok()?;
    (key & 7 == 2).then_some((key >> 3, fields.at, length))
}

/// Appends a number as field `number`.
pub(crate) fn put_varint(out: &mut Vec<u8>, number: u64, value: u64) {
    varint(out, number << 3);
    varint(out, value);
}

/// Appends bytes as field `number`.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    bytes_header(out, number, value.len());
    out.extend_from_slice(value);
}

/// Appends what stands before the so many bytes of field `number`.
pub(crate) fn bytes_header(out: &mut Vec<u8>, number: u64, length: usize) {
    varint(out, number << 3 | 2);
    varint(out, length as u64);
}

/// Appends a number in as few bytes as it takes.
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, 3, value);
            put_bytes(&mut out, 1, b"abc");
            let fields: Result<Vec<_>, _> = Fields::of(&out).collect();
            assert_eq!(
                fields.unwrap(),
                [
                    Field {
                        number: 3,
                        value: Value::Number(value)
                    },
                    Field {
                        number: 1,
                        value: Value::Bytes(b"abc")
                    }
                ]
            );
        }
    }

    #[test]
    fn refuses_what_is_cut_off_overflows_or_has_another_type() {
        let cases: [(&[u8], FieldError); 5] = [
            (&[0x18], FieldError::CutOff { at: 1 }),
            (&[0x0a, 5, 1, 2], FieldError::CutOff { at: 0 }),
            // A length of 2^64 - 1 must not wrap around.
            (
                &[0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                FieldError::CutOff { at: 0 },
            ),
            (
                &[0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                FieldError::Overflow { at: 1 },
            ),
            (&[0x1d, 0, 0, 0, 0], FieldError::WireType { at: 0, wire: 5 }),
        ];
        for (bytes, error) in cases {
            let fields: Vec<_> = Fields::of(bytes).collect();
            assert_eq!(fields, [Err(error)], "{bytes:?}");
        }
    }
}
