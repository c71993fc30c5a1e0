/**
 * What people type out of habit, from gdb, Unix and xv6, and what does it here. Asked only about a
 * line that is no command or not typed as the command wants it, so nothing here takes a name away.
 */

import { didYouMean } from "../vm/nearest.ts";

/** A pattern of a line's beginning, and what would be right. */
type Habit = readonly [typed: RegExp, right: string];

/** Lines. The first that fits is shown. */
const COMMANDS: readonly Habit[] = [
  // Unix
  [/^(ls|ll|tree)\b/, "dir lists the disk, and run ls runs the guest's own ls"],
  [/^(cat|less|more|head|tail)\b/, "run cat FILE prints a file of the disk"],
  [/^(top|htop|jobs|pstree|tasklist)\b/, "ps lists the processes"],
  [/^ps\s+-?\w/, "ps lists all processes; ps | where NAME == sh keeps some"],
  [/^kill\s+-/, "xv6 has no signals: kill PID"],
  [/^(killall|pkill)\b/, "kill PID; ps has the pids"],
  [/^free\s+-/, "free has no flags; its BYTES are in K, M or G"],
  [
    /^(vmstat|perf|time|uptime|sar|iostat)\b/,
    "stats shows the counters, and run ends with a program's own",
  ],
  [/^(pmap|mem|memory|memmap)\b/, "vmmap shows a process's areas, free the frames"],
  [/^(dmesg|journalctl|trace)\b/, "timeline shows what happened"],
  [/^(clear|cls)\b/, "Ctrl-L clears the screen"],
  [
    /^(reboot|reset|restart)\b/,
    "boot starts a fresh computer; restore NAME goes back to a snapshot",
  ],
  [/^(shutdown|poweroff|halt|logout|bye|wq|:q!?|:wq)(?!\w)/, "quit ends the session"],
  [/^exit\b/, "quit ends the session"],
  [/^(man|apropos|usage)\b/, "help NAME shows a command"],
  [/^(cd|pwd)\b/, "paths of dir start at /"],
  [
    /^(vi|vim|nano|emacs|ed)\b/,
    "files of the disk are changed by programs: run sh -c 'echo hi > f'",
  ],
  [/^(gdb|lldb)\b/, "break, step, reg and x are built in; help lists them"],
  [/^(make)\b/, "build on the host, then run PATH/TO/_PROGRAM"],
  [/^(exec|execve|start)\b/, "spawn PROG holds a program at its start, run PROG runs it"],
  [/^!/, "Ctrl-R searches the history, history lists it"],
  // gdb
  [/^(ni|nexti|si|stepi)\b/, "step N runs N instructions, next goes by lines of the source"],
  [/^(advance|tbreak|tb|u)\b/, "break VA, then continue; of a guest, until PLACE"],
  [/^(rs|rsi|reverse-\w+)\b/, "back N undoes N instructions"],
  [/^(r)\b/, "run PROG runs a program, continue a held one"],
  [/^(cont|fg|go|resume)\b/, "continue lets a held program run on"],
  [/^(i|info)\s+(r|reg|registers|all-registers)\b/, "reg shows the registers"],
  [/^(i|info)\s+(b|break|breakpoints|watch|watchpoints)\b/, "break lists the stops"],
  [/^(i|info)\s+(symbol|address|line|functions|variables)\b/, "sym NAME or sym VA shows symbols"],
  [
    /^(i|info)\s+(mem|proc|files|sections|target)\b/,
    "vmmap shows a process's areas, pte VA one page's walk",
  ],
  [/^(i|info)\s+(inferiors?|threads?|processes)\b/, "ps lists the processes"],
  [/^(i|show|status)\b/, "ps, vmmap, reg, free, stats and tlb show the state; help lists all"],
  [/^(disas|disassemble|u\/i)\b/, "dis VA N disassembles"],
  [/^x\/\S*/, "x VA BYTES shows memory, dis VA N instructions"],
  [/^(p|print|output|inspect|eval|calc)\/\S*/, "print EXPR shows a value in every base"],
  [/^(eval|calc|inspect|output|printf)\b/, "print EXPR shows a value"],
  [/^(display|undisplay)\b/, "step shows what each instruction changed"],
  [
    /^(attach|inferior|thread|switch|select|su)\b/,
    "use PID picks the process that commands act on",
  ],
  [/^(detach)\b/, "continue lets a held program run on"],
  [/^(d|del|disable)\b/, "delete N takes a breakpoint or watchpoint away"],
  [/^(rwatch|awatch)\b/, "watch VA -r stops at loads, with -w at both"],
  [
    /^(monitor|mon|target|file|layout|tui|set\s+(var|\$))\b/,
    "reg NAME VALUE sets a register, store VA VALUE memory",
  ],
  [
    /^(peek|md|dump|hexdump|xxd|od|read|r8|r16|r32|r64)\b/,
    "x VA BYTES shows memory, load VA reads it as the process would",
  ],
  [
    /^(poke|mw|write|w8|w16|w32|w64|memset)\b/,
    "store VA VALUE writes as the process would, fill a whole range",
  ],
  [
    /^(page|pgtable|pagetable|pt|vmprint|translate|v2p|virt2phys|pa|va)\b/,
    "pte VA walks the page table; pa(VA) in an expression is the physical address",
  ],
  [/^(owners|refs?)\b/, "refcount PA names a frame's owners"],
  [/^(malloc|alloc|kalloc|brk|new)\b/, "sbrk BYTES or mmap BYTES gives a process memory"],
  [/^(policy|--policy|set\s+policy)\b/, "boot --policy NAME starts a computer with another one"],
  [/^(checkpoint|savevm)\b/, "snap NAME keeps the computer as it is"],
  [/^(loadvm|rollback|revert)\b/, "restore NAME goes back to a snapshot"],
  [
    /^(assert|check|verify|test)\b/,
    "expect EXPR fails when it is 0; audit checks memory as a whole",
  ],
];

/** Filters, by their whole text. */
const FILTERS: readonly Habit[] = [
  [/^(grep|filter|findstr|rg|select)\b/, "where COL ~ TEXT keeps rows"],
  [/^(wc|len|length|size)\b/, "count counts rows"],
  [/^(tail|last)\b/, "head N keeps the first rows; timeline N shows the newest events"],
  [/^(less|more|cat)\b/, "head N keeps the first rows"],
  [/^(awk|cut|columns?|fields|project)\b/, "cols A,B keeps columns"],
  [/^jq\b|^--json/, "json makes one JSON object"],
  [/^(limit|top|first|take)\b/, "head N keeps the first rows"],
];

/** All of them, for a test. */
export const HABITS: readonly Habit[] = [...COMMANDS, ...FILTERS];

function fitting(habits: readonly Habit[], typed: string): string | undefined {
  return habits.find(([pattern]) => pattern.test(typed))?.[1];
}

/** What would do what this line likely asks for; undefined when nobody has that habit. */
export function commandHabit(line: string): string | undefined {
  return fitting(COMMANDS, line.trim());
}

/** About a word that is no command: the habit, a program of that name, or the nearest command. */
export function noCommand(
  line: string,
  word: string,
  commands: Iterable<string>,
  isProgram: (name: string) => boolean,
): string {
  const habit = commandHabit(line);
  if (habit !== undefined) return `no command ${word}; ${habit}`;
  const program = word.replace(/^\.\//, "").replace(/^_/, "");
  if (isProgram(program)) return `no command ${word}; run ${program} runs the program of that name`;
  return `no command ${word}${didYouMean(word, commands) || "; help lists the commands"}`;
}

/** What is said about a word that is no filter. */
export function noFilter(source: string, word: string, filters: readonly string[]): string {
  const habit = fitting(FILTERS, source);
  const hint = habit === undefined ? didYouMean(word, filters) : `; ${habit}`;
  return `no filter ${word}${hint || `; filters are ${filters.join(", ")}`}`;
}
