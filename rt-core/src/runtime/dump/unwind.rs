//! Who called whom, found from a copy of a stack and the tables that compilers make for exceptions.
//!
//! Those tables (`.eh_frame`) are there also in C programs without frame pointers, and loaded with the
//! program. Where a function has none, the frame pointer is tried. Nothing that is read is trusted: a
//! walk stays in the copy, goes upwards only, and ends.

use super::stack::Copy;
use crate::sched::switch::SAVED_REGISTERS;
use core::ffi::{c_char, c_int, c_void};
use core::ops::Range;
use core::slice;
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, FrameDescriptionEntry, NativeEndian, Pointer, Register, RegisterRule,
    UnwindContext, UnwindSection,
};
use std::cell::RefCell;

/// Frames of one goroutine at most, as in Go.
pub(super) const MOST_FRAMES: usize = 100;

/// By the numbers that DWARF gives them; of x86-64.
const FRAME_POINTER: usize = 6;
const STACK_POINTER: usize = 7;
const RETURN_ADDRESS: usize = 16;
/// Those a function must give back as it found them.
const KEPT: [usize; 6] = [3, FRAME_POINTER, 12, 13, 14, 15];

type Reader = gimli::EndianSlice<'static, NativeEndian>;
type Registers = [Option<usize>; RETURN_ADDRESS + 1];

#[derive(Default)]
struct Modules {
    list: Vec<Module>,
    generation: u64,
}

/// The loaded program and libraries, as they are when this is made.
pub(super) struct Unwinder {
    modules: Vec<Module>,
    /// Changes whenever a library is loaded or unloaded; not 0.
    pub(super) generation: u64,
    context: RefCell<UnwindContext<usize>>,
}

struct Module {
    /// Keeps it loaded; null: nothing has to.
    handle: *mut c_void,
    code: Vec<Range<usize>>,
    bases: BaseAddresses,
    header: gimli::ParsedEhFrameHdr<Reader>,
    tables: EhFrame<Reader>,
}

impl Unwinder {
    pub(super) fn new() -> Unwinder {
        let mut modules = Modules::default();
        // SAFETY: the callback gets the list, and adds to it while this waits.
        unsafe { libc::dl_iterate_phdr(Some(add_module), (&raw mut modules).cast()) };
        Unwinder { modules: modules.list, generation: modules.generation, context: RefCell::new(UnwindContext::new()) }
    }

    /// The return addresses on a stack that was left by a switch, innermost first.
    pub(super) fn walk(&self, stack: &Copy) -> Vec<usize> {
        let mut frames = Vec::new();
        let mut registers: Registers = [None; RETURN_ADDRESS + 1];
        for (i, &register) in SAVED_REGISTERS.iter().enumerate() {
            registers[register] = stack.word(stack.sp + i * size_of::<usize>());
        }
        registers[STACK_POINTER] = Some(stack.sp + size_of_val(SAVED_REGISTERS));
        // The first address is where the goroutine goes on; the others follow a call.
        let mut look_at = registers[RETURN_ADDRESS];
        while let (Some(pc), Some(at)) = (registers[RETURN_ADDRESS].filter(|&pc| pc != 0), look_at) {
            frames.push(pc);
            if frames.len() == MOST_FRAMES || self.step(stack, &mut registers, at).is_none() {
                break;
            }
            look_at = registers[RETURN_ADDRESS].map(|pc| pc.wrapping_sub(1));
        }
        frames
    }

    /// The first address of the function that `pc` is in.
    pub(super) fn function(&self, pc: usize) -> Option<usize> {
        Some(self.entry(pc)?.1.initial_address() as usize)
    }

    /// `pc` is in the shared library that this is.
    pub(super) fn is_library(&self, pc: usize) -> bool {
        let module_of = |pc| self.modules.iter().position(|m| m.code.iter().any(|code| code.contains(&pc)));
        module_of(pc).is_some_and(|i| i > 0 && module_of(add_module as *const () as usize) == Some(i))
    }

    fn entry(&self, pc: usize) -> Option<(&Module, FrameDescriptionEntry<Reader>)> {
        let module = self.modules.iter().find(|m| m.code.iter().any(|code| code.contains(&pc)))?;
        let table = module.header.table()?;
        let entry = table.fde_for_address(&module.tables, &module.bases, pc as u64, EhFrame::cie_from_offset);
        Some((module, entry.ok()?))
    }

    /// From a function to its caller. `None`: there is none, or it cannot be told.
    fn step(&self, stack: &Copy, registers: &mut Registers, pc: usize) -> Option<()> {
        let before = *registers;
        let Some((module, entry)) = self.entry(pc) else { return step_by_frame_pointer(stack, registers) };
        let mut context = self.context.borrow_mut();
        let row = entry.unwind_info_for_address(&module.tables, &module.bases, &mut context, pc as u64).ok()?;
        let base = match *row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                before.get(register.0 as usize).copied()??.wrapping_add_signed(offset as isize)
            }
            CfaRule::Expression(_) => return None,
        };
        if base <= before[STACK_POINTER]? || base > stack.end() {
            return None;
        }
        for register in KEPT.into_iter().chain([RETURN_ADDRESS]) {
            registers[register] = match row.register(Register(register as u16)) {
                Some(RegisterRule::Offset(offset)) => stack.word(base.wrapping_add_signed(offset as isize)),
                Some(RegisterRule::ValOffset(offset)) => Some(base.wrapping_add_signed(offset as isize)),
                Some(RegisterRule::Register(other)) => before.get(other.0 as usize).copied().flatten(),
                None | Some(RegisterRule::SameValue) if register != RETURN_ADDRESS => before[register],
                _ => None,
            };
        }
        registers[STACK_POINTER] = Some(base);
        registers[RETURN_ADDRESS].map(|_| ())
    }
}

fn step_by_frame_pointer(stack: &Copy, registers: &mut Registers) -> Option<()> {
    let frame = registers[FRAME_POINTER]?;
    if frame < registers[STACK_POINTER]? {
        return None;
    }
    *registers = [None; RETURN_ADDRESS + 1];
    registers[FRAME_POINTER] = Some(stack.word(frame)?);
    registers[RETURN_ADDRESS] = Some(stack.word(frame + size_of::<usize>())?);
    registers[STACK_POINTER] = Some(frame + 2 * size_of::<usize>());
    Some(())
}

impl Drop for Module {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: from dlopen, closed once.
            unsafe { libc::dlclose(self.handle) };
        }
    }
}

unsafe extern "C" fn add_module(info: *mut libc::dl_phdr_info, _size: usize, modules: *mut c_void) -> c_int {
    // SAFETY: the loader gives a valid description; `Unwinder::new` a list.
    unsafe {
        let (modules, info) = (&mut *modules.cast::<Modules>(), &*info);
        // The first is the program, which stays.
        let main = modules.generation == 0;
        modules.generation = 1 + info.dlpi_adds + info.dlpi_subs;
        if let Some(module) = read_module(info, main) {
            modules.list.push(module);
        }
    }
    0
}

/// # Safety
/// `info` is the loader's.
unsafe fn read_module(info: &libc::dl_phdr_info, main: bool) -> Option<Module> {
    // SAFETY: a module's headers are mapped, and its segments are as they say, while it is loaded.
    unsafe {
        let headers = slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize);
        let at = |h: &libc::Elf64_Phdr| {
            let start = (info.dlpi_addr + h.p_vaddr) as usize;
            start..start + h.p_memsz as usize
        };
        let loaded = || headers.iter().filter(|h| h.p_type == libc::PT_LOAD);
        let section = |start: usize| -> Option<&'static [u8]> {
            let segment = loaded().filter(|h| h.p_flags & libc::PF_R != 0).map(at).find(|s| s.contains(&start))?;
            Some(slice::from_raw_parts(start as *const u8, segment.end - start))
        };
        let header = headers.iter().find(|h| h.p_type == libc::PT_GNU_EH_FRAME).map(at)?.start;
        let handle = pin(info.dlpi_name, main)?;
        let bases = BaseAddresses::default().set_eh_frame_hdr(header as u64);
        let parsed = EhFrameHdr::new(section(header)?, NativeEndian).parse(&bases, size_of::<usize>() as u8).ok()?;
        let Pointer::Direct(tables) = parsed.eh_frame_ptr() else { return None };
        Some(Module {
            handle,
            code: loaded().filter(|h| h.p_flags & libc::PF_X != 0).map(at).collect(),
            bases: bases.set_eh_frame(tables),
            header: parsed,
            tables: EhFrame::new(section(tables as usize)?, NativeEndian),
        })
    }
}

/// Keep a library from being unloaded. `None`: it is not there any more.
unsafe fn pin(name: *const c_char, main: bool) -> Option<*mut c_void> {
    // SAFETY: the loader's name, null or a C string.
    unsafe {
        if main || name.is_null() || *name == 0 {
            return Some(core::ptr::null_mut());
        }
        let handle = libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        (!handle.is_null()).then_some(handle)
    }
}
