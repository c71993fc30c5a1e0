/**
 * Names of control and status registers by number, as assemblers spell them (privileged ISA manual,
 * "CSR Listing", and the extensions that binutils knows). Which of them this machine has is the
 * hart's business; a disassembler names them all.
 *
 * @module
 */

/** Runs of numbers: the first in hexadecimal, then the names; `-` is a gap, `a3..5` counts up. */
const RUNS = `
1 fflags frm fcsr
8 vstart vxsat vxrm
f vcsr
15 seed
100 sstatus - - - sie stvec scounteren - - - senvcfg - sstateen0..3
114 sieh
140 sscratch sepc scause stval sip
14d stimecmp
150 siselect sireg - - siph
15c stopei stimecmph
180 satp
200 vsstatus - - - vsie vstvec
214 vsieh
240 vsscratch vsepc vscause vstval vsip
24d vstimecmp
250 vsiselect vsireg - - vsiph
25c vstopei vstimecmph
280 vsatp
300 mstatus misa medeleg mideleg mie mtvec mcounteren - mvien mvip menvcfg - mstateen0..3
310 mstatush - - midelegh mieh - - - mvienh mviph menvcfgh
31c mstateen0h mstateen1h mstateen2h mstateen3h
320 mcountinhibit
323 mhpmevent3..31
340 mscratch mepc mcause mtval mip
34a mtinst mtval2
350 miselect mireg - - miph
35c mtopei
3a0 pmpcfg0..15
3b0 pmpaddr0..63
5a8 scontext
600 hstatus - hedeleg hideleg hie htimedelta hcounteren hgeie hvien hvictl henvcfg - hstateen0..3
613 hidelegh - htimedeltah - - hvienh - henvcfgh
61c hstateen0h hstateen1h hstateen2h hstateen3h
643 htval hip hvip hviprio1 hviprio2 - - htinst
655 hviph hviprio1h hviprio2h
680 hgatp
6a8 hcontext
747 mseccfg
757 mseccfgh
7a0 tselect tdata1 tdata2 tdata3 tinfo tcontrol - - mcontext - mscontext
7b0 dcsr dpc dscratch0 dscratch1
b00 mcycle - minstret mhpmcounter3..31
b80 mcycleh - minstreth
c00 cycle time instret hpmcounter3..31
c20 vl vtype vlenb
c80 cycleh timeh instreth
da0 scountovf
db0 stopi
e12 hgeip
eb0 vstopi
f11 mvendorid marchid mimpid mhartid mconfigptr
fb0 mtopi
`;

const names = readRuns();

/** The number of every CSR that has a name. */
export const CSR_NUMBERS: ReadonlyMap<string, number> = new Map(
  [...names].map(([number, name]) => [name, number]),
);

/** The name of a CSR, or its number in hexadecimal. */
export function csrName(number: number): string {
  return names.get(number) ?? "0x" + number.toString(16);
}

/** The number of the CSR of that name. */
export function csrNumber(name: string): number | undefined {
  return CSR_NUMBERS.get(name);
}

/** The numbers of some CSRs. Throws an Error for a name that is none. */
export function csrNumbers(...wanted: string[]): number[] {
  const unknown = wanted.find((name) => !CSR_NUMBERS.has(name));
  if (unknown !== undefined) throw new Error(`no CSR ${unknown}`);
  return wanted.map((name) => CSR_NUMBERS.get(name)!);
}

function readRuns(): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of RUNS.trim().split("\n")) {
    const [start, ...words] = line.split(" ");
    let number = parseInt(start!, 16);
    for (const word of words) {
      const range = /^(.*?)(\d+)\.\.(\d+)$/.exec(word);
      if (range === null) {
        if (word !== "-") names.set(number, word);
        number++;
        continue;
      }
      for (let i = Number(range[2]); i <= Number(range[3]); i++) names.set(number++, range[1]! + i);
    }
  }
  // The upper halves that only RV32 has, in the same order as the counters.
  for (let i = 3; i <= 31; i++) {
    names.set(0x720 + i, `mhpmevent${i}h`);
    names.set(0xb80 + i, `mhpmcounter${i}h`);
    names.set(0xc80 + i, `hpmcounter${i}h`);
  }
  return names;
}
