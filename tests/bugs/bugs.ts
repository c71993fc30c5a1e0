/**
 * Twelve bugs that students make in the COW lab, as changes to a tree that solves it: see
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
  { name: "no-incref", edits: [vm("uvmcopy", withoutCall("kaddref"))] },
  { name: "unlocked-decref", edits: [kalloc("kfree", withoutCalls("acquire", "release"))] },
  {
    name: "count-never-set",
    edits: [
      kalloc("kalloc", withoutAssignment("kmem.refcnt")),
      // Its kfree would notice, and panic.
      kalloc("kfree", instead("< 1", "< -99")),
    ],
  },
  { name: "parent-keeps-w", edits: [vm("uvmcopy", withoutAssignment("*pte"))] },
  {
    name: "cow-lost-at-second-fork",
    edits: [vm("uvmcopy", instead("PTE_FLAGS(*pte)", "PTE_FLAGS(*pte) & ~PTE_COW"))],
  },
  {
    name: "copyout-writes-through",
    edits: [
      vm("copyout", instead("& PTE_COW", "& 0")),
      vm("copyout", instead("& PTE_W", "& PTE_V")),
    ],
  },
  { name: "text-made-writable", edits: [vm("uvmcopy", instead("flags & PTE_W", "flags & PTE_U"))] },
  { name: "old-frame-kept", edits: [vm("cowalloc", withoutCall("kfree"))] },
  {
    name: "no-sfence",
    edits: [
      vm("cowalloc", withoutCalls("sfence_vma")),
      vm("uvmcopy", withoutCalls("sfence_vma")),
      ...FRUGAL,
    ],
  },
  {
    name: "wrong-page-copied",
    edits: [vm("cowalloc", instead("(void*)pa, PGSIZE", "(void*)(pa + PGSIZE), PGSIZE"))],
  },
  {
    name: "survives-no-memory",
    edits: [vm("cowalloc", instead("mem == 0)\n    return 0", "mem == 0)\n    return pa"))],
  },
  { name: "maxva-unchecked", edits: [vm("cowalloc", instead("va >= MAXVA", "va == MAXVA"))] },
];
