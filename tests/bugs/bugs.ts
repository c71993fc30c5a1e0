/**
 * Bugs that students make in the COW lab, as changes to a tree that solves it: see
 * "Bugs, by frequency" in what is known of students' kernels. Names are those of one public tree,
 * which is not kept here.
 *
 * @module
 */

import {
  type Edit,
  instead,
  withoutAssignment,
  withoutCall,
  withoutCalls,
  withoutInstruction,
} from "./edit.ts";

/** A bug, and how it is found. */
export interface Bug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Lines of the shell, the last of which names it. */
  readonly lines: readonly string[];
  /** What the answer has in it, beside the line of C that {@link Bug.line} is on. */
  readonly says: readonly RegExp[];
  /** The function whose line is named. */
  readonly line: string;
  /** How many harts it is looked for with, one run each; unless it says so, with one and with three. */
  readonly harts?: readonly number[];
}

const vm = (inside: string, change: Edit["change"]): Edit => ({
  file: "kernel/vm.c",
  inside,
  change,
});
const kalloc = (inside: string, change: Edit["change"]): Edit => ({
  file: "kernel/kalloc.c",
  inside,
  change,
});
/**
 * xv6 flushes the TLB whenever it enters and leaves the kernel, which hides that nobody else did.
 * A kernel that flushes when it has to instead: at a switch and at exec.
 */
const FRUGAL: readonly Edit[] = [
  // To the end of the file: assembly has no braces.
  {
    file: "kernel/trampoline.S",
    inside: "uservec",
    change: withoutInstruction("sfence.vma"),
  },
  { file: "kernel/proc.c", inside: "scheduler", change: instead("swtch(", "sfence_vma(); swtch(") },
  {
    file: "kernel/exec.c",
    inside: "kexec",
    change: instead("proc_freepagetable(old", "sfence_vma(); proc_freepagetable(old"),
  },
];

/** The bugs, each by the name that the issue of the project gives it. */
export const BUGS: readonly Bug[] = [
  {
    name: "no-incref",
    lines: ["audit --each syscall ls"],
    says: [/^free but mapped 0x87[0-9a-f]+ .* 1:0x/m, /kfree \(kalloc\.c:\d+\)/],
    line: "uvmcopy",
    edits: [vm("uvmcopy", withoutCall("kaddref"))],
  },
  {
    name: "unlocked-decref",
    lines: ["audit --each syscall forktest"],
    says: [/^count unlocked 0x8[0-9a-f]+ .* in kfree without holding a lock/m],
    line: "kfree",
    harts: [3],
    edits: [kalloc("kfree", withoutCalls("acquire", "release"))],
  },
  {
    name: "count-never-set",
    lines: ["audit --each syscall ls"],
    says: [/^free but mapped 0x87[0-9a-f]+ .* 1:0x/m, /count 1 -> 0 +kfree/],
    line: "kaddref",
    edits: [
      kalloc("kalloc", withoutAssignment("kmem.refcnt")),
      // Its kfree would notice, and panic.
      kalloc("kfree", instead("< 1", "< -99")),
    ],
  },
  {
    name: "parent-keeps-w",
    lines: ["audit --each syscall ls"],
    says: [/^writable by two 0x8[0-9a-f]+ .*mapped 2 times, and 1 of them may write/m],
    line: "uvmcopy",
    edits: [vm("uvmcopy", withoutAssignment("*pte"))],
  },
  {
    name: "cow-lost-at-second-fork",
    lines: ["audit --each syscall forktest"],
    says: [/^mark lost +0x8[0-9a-f]+ .*neither W nor the mark/m],
    line: "uvmcopy",
    edits: [vm("uvmcopy", instead("PTE_FLAGS(*pte)", "PTE_FLAGS(*pte) & ~PTE_COW"))],
  },
  {
    name: "copyout-writes-through",
    lines: ["audit --each syscall usertests pipe1"],
    says: [
      /^shared page written 0x8[0-9a-f]+ /m,
      /what it holds +memmove .*< copyout \(vm\.c:\d+\) < piperead/,
    ],
    line: "copyout",
    edits: [
      vm("copyout", instead("& PTE_COW", "& 0")),
      vm("copyout", instead("& PTE_W", "& PTE_V")),
    ],
  },
  {
    name: "text-made-writable",
    harts: [1],
    lines: ["audit --each trap usertests nowrite"],
    says: [/^flag gained 0x8[0-9a-f]+ 0x0 .*made it writable/m],
    line: "cowalloc",
    edits: [vm("uvmcopy", instead("flags & PTE_W", "flags & PTE_U"))],
  },
  {
    name: "guard-page-opened",
    lines: ["audit --each syscall ls"],
    says: [/^flag gained 0x8[0-9a-f]+ 0x\w+ .*has U, and is the guard page below its stack/m],
    line: "uvmcopy",
    edits: [vm("uvmcopy", instead("PTE_FLAGS(*pte)", "PTE_FLAGS(*pte) | PTE_U"))],
  },
  {
    // The way out of wait for who has no children: forktest's last call.
    name: "lock-kept",
    lines: ["audit --each syscall forktest"],
    says: [
      /^lock kept .*hart \d goes back to user mode with 1 spinlock held: wait_lock, taken by/m,
    ],
    line: "kwait",
    edits: [{
      file: "kernel/proc.c",
      inside: "kwait",
      change: instead("release(&wait_lock)", "", 2),
    }],
  },
  {
    name: "trapframe-leaked",
    lines: ["audit --each syscall ls"],
    says: [
      /^leak +0x8[0-9a-f]+ /m,
      /taken from the free list +kalloc \(kalloc\.c:\d+\) < allocproc/,
      /pointer at 0x[0-9a-f]+: 0x8[0-9a-f]+ -> 0x0 +freeproc/,
    ],
    line: "freeproc",
    edits: [{ file: "kernel/proc.c", inside: "freeproc", change: withoutCall("kfree") }],
  },
  {
    name: "old-frame-kept",
    lines: ["audit --each trap ls"],
    says: [/^count too high 0x8[0-9a-f]+ .*it will never be freed/m],
    line: "kaddref",
    edits: [vm("cowalloc", withoutCall("kfree"))],
  },
  {
    name: "no-sfence",
    lines: ["audit --each trap ls"],
    says: [/^stale TLB entry 0x8[0-9a-f]+ .*not writable/m],
    line: "uvmcopy",
    edits: [
      vm("cowalloc", withoutCalls("sfence_vma")),
      vm("uvmcopy", withoutCalls("sfence_vma")),
      ...FRUGAL,
    ],
  },
  {
    name: "wrong-page-copied",
    lines: ["audit --each trap ls"],
    says: [/^wrong copy 0x8[0-9a-f]+ 0x4000 .*no copy of it/m],
    line: "cowalloc",
    edits: [vm("cowalloc", instead("(void*)pa, PGSIZE", "(void*)(pa + PGSIZE), PGSIZE"))],
  },
  {
    // The eighth frame of sh's fork is the child's first copy: it is to be killed.
    name: "no-memory-unchecked",
    lines: ["fail 8", "audit --each trap ls"],
    says: [/panic: kerneltrap/, /^\d+ +0 0x8[0-9a-f]+ memmove +string\.c:\d+/m],
    line: "cowalloc",
    edits: [vm("cowalloc", instead("mem == 0", "mem == 1"))],
  },
  {
    name: "maxva-unchecked",
    harts: [1],
    lines: ["audit --each trap usertests MAXVAplus"],
    says: [/panic: walk/, /^1 +0 0x8[0-9a-f]+ walk +vm\.c:\d+/m],
    line: "cowalloc",
    edits: [vm("cowalloc", instead("va >= MAXVA", "va == MAXVA"))],
  },
];
