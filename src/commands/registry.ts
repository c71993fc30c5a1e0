/** Every command there is: one import and one line each, in alphabetical order. */

import type { Command } from "../framework/command.ts";
import audit from "./audit.ts";
import back from "./back.ts";
import boot from "./boot.ts";
import break_ from "./break.ts";
import call from "./call.ts";
import compare from "./compare.ts";
import console from "./console.ts";
import continue_ from "./continue.ts";
import decode from "./decode.ts";
import delete_ from "./delete.ts";
import diff from "./diff.ts";
import dir from "./dir.ts";
import dis from "./dis.ts";
import exit from "./exit.ts";
import expect from "./expect.ts";
import fill from "./fill.ts";
import find from "./find.ts";
import fork from "./fork.ts";
import free from "./free.ts";
import fsck from "./fsck.ts";
import goto from "./goto.ts";
import help from "./help.ts";
import history from "./history.ts";
import kill from "./kill.ts";
import load from "./load.ts";
import mappings from "./mappings.ts";
import mkfs from "./mkfs.ts";
import mmap from "./mmap.ts";
import mprotect from "./mprotect.ts";
import munmap from "./munmap.ts";
import play from "./play.ts";
import print from "./print.ts";
import ps from "./ps.ts";
import pte from "./pte.ts";
import quit from "./quit.ts";
import reclaim from "./reclaim.ts";
import record from "./record.ts";
import redo from "./redo.ts";
import refcount from "./refcount.ts";
import reg from "./reg.ts";
import render from "./render.ts";
import restore from "./restore.ts";
import run from "./run.ts";
import save from "./save.ts";
import sbrk from "./sbrk.ts";
import set from "./set.ts";
import share from "./share.ts";
import snap from "./snap.ts";
import source from "./source.ts";
import spawn from "./spawn.ts";
import stats from "./stats.ts";
import step from "./step.ts";
import store from "./store.ts";
import strace from "./strace.ts";
import swap from "./swap.ts";
import sym from "./sym.ts";
import sync from "./sync.ts";
import timeline from "./timeline.ts";
import tlb from "./tlb.ts";
import undo from "./undo.ts";
import until from "./until.ts";
import use from "./use.ts";
import vmmap from "./vmmap.ts";
import wait from "./wait.ts";
import watch from "./watch.ts";
import x from "./x.ts";
import xp from "./xp.ts";

/** All commands, by name. */
export const COMMANDS: readonly Command[] = [
  audit,
  back,
  boot,
  break_,
  call,
  compare,
  console,
  continue_,
  decode,
  delete_,
  diff,
  dir,
  dis,
  exit,
  expect,
  fill,
  find,
  fork,
  free,
  fsck,
  goto,
  help,
  history,
  kill,
  load,
  mappings,
  mkfs,
  mmap,
  mprotect,
  munmap,
  play,
  print,
  ps,
  pte,
  quit,
  reclaim,
  record,
  redo,
  refcount,
  reg,
  render,
  restore,
  run,
  save,
  sbrk,
  set,
  share,
  snap,
  source,
  spawn,
  stats,
  step,
  store,
  strace,
  swap,
  sym,
  sync,
  timeline,
  tlb,
  undo,
  until,
  use,
  vmmap,
  wait,
  watch,
  x,
  xp,
];
