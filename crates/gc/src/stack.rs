//! Native stacks: capturing registers, bounds, and the conservative scan.
//!
//! A function that may collect is entered through a trampoline that pushes all callee-saved registers, so that whatever
//! reference Rust or compiled code keeps in a register lies on the stack when it is scanned.

use std::arch::naked_asm;

/// Calls `f(arg, sp)` with all callee-saved registers stored at or above `sp`.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub unsafe extern "C" fn with_registers_on_stack(f: unsafe extern "C" fn(*mut u8, usize), arg: *mut u8) {
    naked_asm!(
        // Unwind information, so that debuggers and profilers see past this frame.
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "push rbx",
        ".cfi_def_cfa_offset 24",
        ".cfi_offset rbx, -24",
        "push r12",
        ".cfi_def_cfa_offset 32",
        ".cfi_offset r12, -32",
        "push r13",
        ".cfi_def_cfa_offset 40",
        ".cfi_offset r13, -40",
        "push r14",
        ".cfi_def_cfa_offset 48",
        ".cfi_offset r14, -48",
        "push r15",
        ".cfi_def_cfa_offset 56",
        ".cfi_offset r15, -56",
        "sub rsp, 8",
        ".cfi_def_cfa_offset 64",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rsp",
        "call rax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        ".cfi_endproc",
    )
}

/// Calls `f(arg, sp)` with all callee-saved registers stored at or above `sp`.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub unsafe extern "C" fn with_registers_on_stack(f: unsafe extern "C" fn(*mut u8, usize), arg: *mut u8) {
    naked_asm!(
        "stp x29, x30, [sp, #-160]!",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x2, x0",
        "mov x0, x1",
        "mov x1, sp",
        "blr x2",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp x29, x30, [sp], #160",
        "ret",
    )
}

/// Lowest and highest address of the calling thread's stack.
pub fn thread_stack_bounds() -> (usize, usize) {
    // SAFETY: plain queries about the calling thread; the attribute object is destroyed again.
    unsafe {
        let mut attr: libc::pthread_attr_t = std::mem::zeroed();
        let (mut base, mut size) = (std::ptr::null_mut(), 0);
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) == 0 {
            libc::pthread_attr_getstack(&attr, &mut base, &mut size);
            libc::pthread_attr_destroy(&mut attr);
        }
        (base as usize, base as usize + size)
    }
}

/// Calls `f` with every word of `from..to`.
///
/// # Safety
/// The range is a readable part of a stack.
#[inline(never)]
pub unsafe fn scan(from: usize, to: usize, mut f: impl FnMut(usize)) {
    let mut at = (from + 7) & !7;
    while at + 8 <= to {
        f(std::ptr::read_volatile(at as *const usize));
        at += 8;
    }
}
