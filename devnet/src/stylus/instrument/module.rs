//! A WASM module taken apart, as far as checks and instrumentation need it.

use wasm_encoder::{RawSection, SectionId};
use wasmparser::{
    BinaryReader, CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, Encoding,
    ExternalKind, FunctionBody, Import, Imports, MemoryType, Name, NameSectionReader, Operator,
    Parser, Payload, SectionLimited, TypeRef, ValType, Validator, WasmFeatures,
};

use crate::stylus::activate::ActivationError;

const HOOKS: &str = "vm_hooks";
const PAY_FOR_MEMORY_GROW: &str = "pay_for_memory_grow";
/// Bytes in a page of memory.
const PAGE_SIZE: u64 = 65_536;

/// Parameters and results of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::stylus) struct Signature {
    pub(in crate::stylus) params: Box<[ValType]>,
    pub(in crate::stylus) results: Box<[ValType]>,
}

/// An imported function.
#[derive(Clone, Copy, Debug)]
pub(in crate::stylus) struct Imported<'a> {
    pub(in crate::stylus) module: &'a str,
    pub(in crate::stylus) name: &'a str,
    pub(in crate::stylus) ty: u32,
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub(in crate::stylus) struct Exported<'a> {
    pub(in crate::stylus) name: &'a str,
    pub(in crate::stylus) kind: ExternalKind,
    pub(in crate::stylus) index: u32,
}

/// A section that is copied as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copied<'a> {
    pub(super) id: u8,
    pub(super) data: &'a [u8],
}

/// A valid module.
#[derive(Debug)]
pub(in crate::stylus) struct ParsedModule<'a> {
    wasm: &'a [u8],
    types: Vec<Signature>,
    pub(in crate::stylus) imports: Vec<Imported<'a>>,
    /// Type of each function that has a body.
    pub(in crate::stylus) functions: Vec<u32>,
    /// Initial entries over all tables.
    pub(in crate::stylus) table_entries: u64,
    pub(in crate::stylus) memories: Vec<MemoryType>,
    globals: u32,
    pub(super) global_entries: &'a [u8],
    pub(in crate::stylus) exports: Vec<Exported<'a>>,
    /// Index of the start function.
    pub(in crate::stylus) start: Option<u32>,
    pub(in crate::stylus) elements: usize,
    /// Bytes of all element segments, headers included.
    pub(in crate::stylus) element_bytes: u64,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    pub(in crate::stylus) data_segments: usize,
    /// Bytes of all data segments, headers included.
    pub(in crate::stylus) data_range_bytes: u64,
    /// Bytes that the data segments write.
    pub(in crate::stylus) data_bytes: u64,
    /// Name of the module, from the name section.
    pub(in crate::stylus) name: &'a str,
    pub(super) copied: Vec<Copied<'a>>,
}

/// The WASM features a program may use: mutable globals, sign extension and the bulk
/// memory operators. Saturating conversions are listed by Nitro too; without floats they
/// cannot occur. Multiple values ended with ArbOS 60.
///
/// `crates/prover/src/binary.rs`, `parse_with_version`.
fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::GC_TYPES
}

impl<'a> ParsedModule<'a> {
    /// Validates and takes a module apart.
    ///
    /// # Errors
    ///
    /// [`ActivationError::Malformed`] for anything that is not valid WASM within
    /// the allowed features, [`ActivationError::Section`] for sections and
    /// [`ActivationError::ImportKind`] for imports that a program may not have.
    pub(in crate::stylus) fn parse(wasm: &'a [u8]) -> Result<Self, ActivationError> {
        Validator::new_with_features(features()).validate_all(wasm)?;

        let mut module = Self {
            wasm,
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            table_entries: 0,
            memories: Vec::new(),
            globals: 0,
            global_entries: &[],
            exports: Vec::new(),
            start: None,
            elements: 0,
            element_bytes: 0,
            bodies: Vec::new(),
            data_segments: 0,
            data_range_bytes: 0,
            data_bytes: 0,
            name: "",
            copied: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            module.section(payload?)?;
        }
        Ok(module)
    }

    fn section(&mut self, payload: Payload<'a>) -> Result<(), ActivationError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            }
            | Payload::CodeSectionStart { .. }
            | Payload::End(_) => {}
            Payload::TypeSection(section) => {
                self.copy(SectionId::Type, &section)?;
                for group in section {
                    for ty in group?.into_types() {
                        let CompositeInnerType::Func(function) = ty.composite_type.inner else {
                            return Err(ActivationError::Malformed(
                                "the type section holds something other than functions".into(),
                            ));
                        };
                        self.types.push(Signature {
                            params: function.params().into(),
                            results: function.results().into(),
                        });
                    }
                }
            }
            Payload::ImportSection(section) => {
                self.copy(SectionId::Import, &section)?;
                for import in section {
                    let Imports::Single(_, Import { module, name, ty }) = import? else {
                        return Err(ActivationError::Section("compact imports"));
                    };
                    let TypeRef::Func(ty) = ty else {
                        return Err(ActivationError::ImportKind {
                            module: module.to_owned(),
                            name: name.to_owned(),
                        });
                    };
                    self.imports.push(Imported { module, name, ty });
                }
            }
            Payload::FunctionSection(section) => {
                self.copy(SectionId::Function, &section)?;
                for ty in section {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                self.copy(SectionId::Table, &section)?;
                for table in section {
                    let entries = table?.ty.initial;
                    self.table_entries = self.table_entries.saturating_add(entries);
                }
            }
            Payload::MemorySection(section) => {
                self.copy(SectionId::Memory, &section)?;
                for memory in section {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                self.globals = section.count();
                self.global_entries =
                    self.bytes(section.original_position(), section.range().end)?;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.exports.push(Exported {
                        name: export.name,
                        kind: export.kind,
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                self.copy(SectionId::Element, &section)?;
                for element in section {
                    let element = element?;
                    let ElementItems::Functions(functions) = &element.items else {
                        return Err(ActivationError::Section("element expressions"));
                    };
                    if let ElementKind::Active { offset_expr, .. } = &element.kind {
                        self.check_segment(
                            "an element segment",
                            offset_expr,
                            u64::from(functions.count()),
                            self.table_entries,
                        )?;
                    }
                    self.elements += 1;
                    self.element_bytes += element.range.end.saturating_sub(element.range.start);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(section) => {
                self.copy(SectionId::Data, &section)?;
                for data in section {
                    let data = data?;
                    if let DataKind::Active { offset_expr, .. } = &data.kind {
                        let pages = self.memories.first().map_or(0, |memory| memory.initial);
                        self.check_segment(
                            "a data segment",
                            offset_expr,
                            data.data.len() as u64,
                            pages.saturating_mul(PAGE_SIZE),
                        )?;
                    }
                    self.data_segments += 1;
                    self.data_range_bytes += data.range.end.saturating_sub(data.range.start);
                    self.data_bytes += data.data.len() as u64;
                }
            }
            Payload::CustomSection(section) if section.name() == "name" => {
                let reader = BinaryReader::new(section.data(), section.data_offset());
                for name in NameSectionReader::new(reader) {
                    match name? {
                        Name::Module { name, .. } => self.name = name,
                        Name::Function(names) => {
                            for name in names {
                                name?;
                            }
                        }
                        _ => {}
                    }
                }
            }
            Payload::CustomSection(_) => {}
            Payload::DataCountSection { .. } => return Err(ActivationError::Section("data count")),
            Payload::TagSection(_) => return Err(ActivationError::Section("tag")),
            _ => return Err(ActivationError::Section("unknown")),
        }
        Ok(())
    }

    /// Checks that a segment of `len` items fits into `size` at its offset, which must be
    /// a constant.
    fn check_segment(
        &self,
        what: &'static str,
        offset: &ConstExpr<'_>,
        len: u64,
        size: u64,
    ) -> Result<(), ActivationError> {
        let mut operators = offset.get_operators_reader();
        let Operator::I32Const { value } = operators.read()? else {
            return Err(ActivationError::Section(
                "segments at an offset that is not constant",
            ));
        };
        let offset = u64::from(value.cast_unsigned());
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            _ => Err(ActivationError::Segment {
                what,
                offset,
                len,
                size,
            }),
        }
    }

    fn copy<T>(
        &mut self,
        id: SectionId,
        section: &SectionLimited<'a, T>,
    ) -> Result<(), ActivationError> {
        let range = section.range();
        let data = self.bytes(range.start, range.end)?;
        self.copied.push(Copied { id: id as u8, data });
        Ok(())
    }

    /// Bytes of the module from `start` to `end`.
    pub(super) fn bytes(&self, start: u64, end: u64) -> Result<&'a [u8], ActivationError> {
        usize::try_from(start)
            .ok()
            .zip(usize::try_from(end).ok())
            .and_then(|(start, end)| self.wasm.get(start..end))
            .ok_or_else(|| ActivationError::Malformed("a section ends beyond the module".into()))
    }

    /// Globals of the program itself.
    pub(in crate::stylus) fn global_count(&self) -> u32 {
        self.globals
    }

    /// The export called `name`.
    pub(in crate::stylus) fn export(&self, name: &str) -> Option<Exported<'a>> {
        self.exports
            .iter()
            .copied()
            .find(|export| export.name == name)
    }

    /// Index of the function that is paid for more memory, if it is imported.
    pub(in crate::stylus) fn pay_for_memory_grow(&self) -> Option<u32> {
        self.imports
            .iter()
            .position(|import| import.module == HOOKS && import.name == PAY_FOR_MEMORY_GROW)
            .and_then(|index| u32::try_from(index).ok())
    }

    /// The type with index `ty`.
    pub(in crate::stylus) fn signature(&self, ty: u32) -> Result<&Signature, ActivationError> {
        self.types
            .get(ty as usize)
            .ok_or_else(|| ActivationError::Malformed(format!("there is no type {ty}")))
    }

    /// The type of function `index`, imports first.
    pub(in crate::stylus) fn function(&self, index: u32) -> Result<&Signature, ActivationError> {
        let index = index as usize;
        let ty = match self.imports.get(index) {
            Some(import) => Some(import.ty),
            None => self.functions.get(index - self.imports.len()).copied(),
        };
        self.signature(
            ty.ok_or_else(|| ActivationError::Malformed(format!("there is no function {index}")))?,
        )
    }

    /// Numbers of parameters and results of type `ty`.
    pub(super) fn type_arity(&self, ty: u32) -> Result<(u32, u32), ActivationError> {
        self.signature(ty).map(arity)
    }

    /// Numbers of parameters and results of function `index`.
    pub(super) fn function_arity(&self, index: u32) -> Result<(u32, u32), ActivationError> {
        self.function(index).map(arity)
    }

    /// Numbers of parameters and results of the function with body `index`.
    pub(super) fn body_arity(&self, index: usize) -> Result<(u32, u32), ActivationError> {
        let ty = self.functions.get(index).copied().ok_or_else(|| {
            ActivationError::Malformed(format!("body {index} belongs to no function"))
        })?;
        self.type_arity(ty)
    }

    /// Parameters and results over all functions with a body.
    pub(in crate::stylus) fn signature_words(&self) -> Result<u64, ActivationError> {
        let mut words = 0u64;
        for ty in &self.functions {
            let (params, results) = self.type_arity(*ty)?;
            words += u64::from(params) + u64::from(results);
        }
        Ok(words)
    }

    /// Copied sections with this id.
    pub(super) fn copied_with_id(&self, id: u8) -> impl Iterator<Item = RawSection<'a>> {
        self.copied
            .iter()
            .filter(move |section| section.id == id)
            .map(|section| RawSection {
                id: section.id,
                data: section.data,
            })
    }
}

fn arity(signature: &Signature) -> (u32, u32) {
    // A validator allows at most 1,000 of either.
    (
        signature.params.len() as u32,
        signature.results.len() as u32,
    )
}
