/**
 * The rules of the house as a lint plugin: which room may import which, what the computer under
 * `src/vm` must not touch, who prints and who may write. `deno lint` loads it through deno.json.
 *
 * @module
 */

/** What changes files of the host. */
const WRITES =
  /^(write(Text)?File|open|create|copyFile|truncate|rename|remove|link|symlink)(Sync)?$/;

/** What a room may import, by the names of {@linkcode roomOf}; its own room goes without saying. */
const ALLOWED: Record<string, readonly string[]> = {
  "deno.json": [],
  "src/std": [],
  "src/host": [],
  "user/programs.ts": [],
  "src/vm/machine": [],
  // Debug information: from the bytes of a file to tables, and nothing of any computer.
  "src/vm/dwarf": ["src/vm/machine"],
  "src/vm/events.ts": ["src/vm/machine"],
  "src/vm/fork_statistics.ts": [],
  "src/vm/store.ts": ["src/vm/machine"],
  "src/vm/nearest.ts": [],
  // What inspectors ask a kernel, which kernels answer.
  "src/vm/inspect/view.ts": ["src/vm/machine", "src/vm/dwarf"],
  "src/vm/kernel": [
    "src/vm/machine",
    "src/vm/events.ts",
    "src/vm/fork_statistics.ts",
    "src/vm/inspect/view.ts",
  ],
  // What a debugger asks of a computer, which guests answer.
  "src/vm/debug.ts": ["src/vm/machine"],
  "src/vm/guest": [
    "src/vm/machine",
    "src/vm/dwarf",
    "src/vm/events.ts",
    "src/vm/fork_statistics.ts",
    "src/vm/store.ts",
    "src/vm/inspect/view.ts",
    "src/vm/debug.ts",
    "src/vm/nearest.ts",
  ],
  "src/vm/inspect": [
    "src/vm/machine",
    "src/vm/store.ts",
    "src/vm/dwarf",
    "src/vm/events.ts",
    "src/vm/inspect/view.ts",
  ],
};
const below = (room: string, ...more: string[]) => {
  ALLOWED[room] = [...new Set(more.flatMap((other) => [other, ...ALLOWED[other]]))];
};
// What only the built-in kernel has to be asked about.
below("src/vm/inspect/builtin", "src/vm/inspect", "src/vm/kernel");
below("src/vm", "src/vm/inspect/builtin", "src/vm/guest", "user/programs.ts");
below("src/gdb", "src/vm");
below("src/record", "src/vm", "src/host", "src/std");
below("mod.ts", "src/vm", "src/record", "src/host", "src/std");
// The scripting API's one door to the shell, a dynamic import.
ALLOWED["src/api/shell.ts"] = ["src/vm", "src/repl"];
ALLOWED["mod.ts"] = [...ALLOWED["mod.ts"], "src/api/shell.ts"];
below("src/framework", "src/vm", "src/record", "src/host", "src/std", "mod.ts");
below("src/format", "src/framework");
below("src/session", "src/format");
below("src/commands", "src/session");
below("src/repl", "src/commands");
below("src/qemu", "src/repl", "src/gdb");
below("main.ts", "src/repl", "deno.json");

/** What a deterministic machine has no business with, and why. */
const HOST: Record<string, string> = {
  console: "the console: return the text or append it to a buffer",
  crypto: "randomness: take a seed",
  Date: "the clock: time is retired instructions",
  Deno: "the host: take what is needed as an argument",
  fetch: "the network",
  globalThis: "the host's globals",
  localStorage: "the host's storage",
  navigator: "the host",
  performance: "the clock: time is retired instructions",
  process: "the host",
  queueMicrotask: "the host's task queue: state is data",
  setInterval: "the host's timers: state is data",
  setTimeout: "the host's timers: state is data",
  Temporal: "the clock: time is retired instructions",
};

/** Methods of the machine that change it. */
const CHANGES =
  /^(write(8|16|32|64|Pte)?|fill(Frame)?|copyFrame|copyWithin|setX|setRoot|sfence|store)$/;

/** The room of a path relative to the project, or undefined where the rules do not reach. */
export function roomOf(path: string): string | undefined {
  if (path in ALLOWED) return path;
  if (path.startsWith("src/api/")) return "mod.ts";
  const [src, room, inner, ...rest] = path.split("/");
  if (src !== "src" || room === undefined || inner === undefined) return undefined;
  if (room !== "vm" || rest.length === 0) return `src/${room}`;
  const deeper = `src/vm/${inner}/${rest[0]}`;
  return rest.length > 1 && deeper in ALLOWED ? deeper : `src/vm/${inner}`;
}

const root = new URL("../", import.meta.url).pathname;

function relative(path: string): string {
  const name = path.replaceAll("\\", "/");
  const here = decodeURIComponent(root);
  return name.startsWith(here) ? name.slice(here.length) : name;
}

/** The path an import leads to, or undefined for a package that is not ours. */
function target(from: string, specifier: string): string | undefined {
  if (specifier === "@cowsh/cowsh") return "mod.ts";
  if (/^(jsr:)?@std\//.test(specifier)) return "src/std/package";
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** Calls back for each import and re-export, of types, too, with what is named in it. */
function onImports(
  found: (node: Deno.lint.Node, specifier: string) => void,
): Deno.lint.LintVisitor {
  const check = (node: Deno.lint.Node, named: Deno.lint.Node | null | undefined) => {
    const source = named?.type === "TSLiteralType" ? named.literal : named;
    if (source?.type === "Literal" && typeof source.value === "string") found(node, source.value);
  };
  return {
    ImportDeclaration: (node) => check(node, node.source),
    ExportNamedDeclaration: (node) => check(node, node.source),
    ExportAllDeclaration: (node) => check(node, node.source),
    ImportExpression: (node) => check(node, node.source),
    TSImportType: (node) => check(node, node.argument),
  };
}

/** Imports run one way. */
const layers: Deno.lint.Rule = {
  create(context) {
    const file = relative(context.filename);
    const room = roomOf(file);
    if (room === undefined) return {};
    if (!(room in ALLOWED)) {
      return {
        Program(node) {
          const message = `${room} is not a room the layer rule knows: ` +
            "add it to scripts/lint_layers.ts with what it may import";
          context.report({ node, message });
        },
      };
    }
    return onImports((node, specifier) => {
      if (specifier.startsWith("node:") && room.startsWith("src/vm")) {
        const message = `${room} imports ${specifier}: nothing under src/vm touches the host`;
        return context.report({ node, message });
      }
      const path = target(file, specifier);
      if (path === undefined) return;
      const other = roomOf(path) ?? path;
      if (other === room || ALLOWED[room].includes(other)) return;
      const may = ALLOWED[room].length > 0 ? ALLOWED[room].join(", ") : "no other room";
      context.report({ node, message: `${room} imports ${path}: it may import ${may}` });
    });
  },
};

/** Who asks the computer by its face and by nothing else. */
const OUTSIDE = /^(mod\.ts$|src\/(api|gdb|record|framework|format|session|commands|repl|qemu)\/)/;
/** Modules of the machine without state, which anybody may use. */
const PURE =
  /^src\/vm\/machine\/(address|cause|counted|flags|isa\/(csr_names|disassemble|register_names))\.ts$/;

/** True for a file behind the face: all but the files directly in src/vm, and one of these. */
function isBehindFace(path: string): boolean {
  if (!path.startsWith("src/vm/") || PURE.test(path)) return false;
  return path === "src/vm/parts.ts" || path.split("/").length > 3;
}

/** What a person typed or asked for: `pte --kernel`, the kernel of `attach`. */
const ASKED = /^(args|options)$/;

/** Commands, the repl and the API ask `Vm`, `Process` and the like, and do not reach past them. */
const face: Deno.lint.Rule = {
  create(context) {
    const file = relative(context.filename);
    if (!OUTSIDE.test(file)) return {};
    const visitor = onImports((node, specifier) => {
      const path = target(file, specifier);
      if (path === undefined || !isBehindFace(path)) return;
      const message = `${path} is behind the face: ask a file directly in src/vm, such as vm.ts`;
      context.report({ node, message });
    });
    const reaches = (node: Deno.lint.Node, name: string) => {
      const message = `.${name} reaches past the face: what is asked of it is a method of src/vm`;
      context.report({ node, message });
    };
    return {
      ...visitor,
      MemberExpression(node) {
        const { object, property } = node;
        if (property.type !== "Identifier" || !/^(kernel|machine)$/.test(property.name)) return;
        if (object.type === "Identifier" && ASKED.test(object.name)) return;
        reaches(node, property.name);
      },
      VariableDeclarator(node) {
        if (node.id.type !== "ObjectPattern") return;
        if (node.init?.type === "Identifier" && ASKED.test(node.init.name)) return;
        for (const one of node.id.properties) {
          if (one.type !== "Property" || one.key.type !== "Identifier") continue;
          if (/^(kernel|machine)$/.test(one.key.name)) reaches(one, one.key.name);
        }
      },
    };
  },
};

/** True for the `b` of `a.b` and of `{ b: 1 }`, which name a property and no variable. */
function isProperty(node: Deno.lint.Identifier): boolean {
  const up = node.parent as Deno.lint.Node;
  if (up.type === "MemberExpression") return up.property === node && !up.computed;
  if (up.type === "Property") return up.key === node && !up.computed && !up.shorthand;
  return up.type === "MethodDefinition" || up.type === "TSPropertySignature" ||
    up.type === "TSMethodSignature" || up.type === "TSTypeReference" ||
    up.type === "TSQualifiedName" || (up.type === "PropertyDefinition" && up.key === node);
}

/** True where an identifier is the name of something the file itself declares. */
function isBinding(node: Deno.lint.Identifier): boolean {
  const up = node.parent as Deno.lint.Node;
  switch (up.type) {
    case "VariableDeclarator":
    case "ClassDeclaration":
      return up.id === node;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return (up.params as Deno.lint.Node[]).includes(node) || ("id" in up && up.id === node);
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return up.local === node;
    case "Property":
      return up.value === node && (up.parent as Deno.lint.Node).type === "ObjectPattern";
    default:
      return up.type === "ArrayPattern";
  }
}

/** Calls back for each use of a global out of `names`, `Math.random` among them. */
function globals(
  names: Record<string, string>,
  found: (node: Deno.lint.Node, name: string, why: string) => void,
): Deno.lint.LintVisitor {
  const uses: Deno.lint.Identifier[] = [];
  const bound = new Set<string>();
  return {
    Identifier(node) {
      if (!Object.hasOwn(names, node.name)) return;
      if (isBinding(node)) bound.add(node.name);
      else if (!isProperty(node)) uses.push(node);
    },
    MemberExpression(node) {
      const { object, property } = node;
      if (object.type !== "Identifier" || object.name !== "Math" || !("Deno" in names)) return;
      const name = property.type === "Identifier" ? property.name : "";
      if (name === "random") found(node, "Math.random", "randomness: take a seed");
    },
    "Program:exit"() {
      for (const node of uses) {
        if (!bound.has(node.name)) found(node, node.name, names[node.name]);
      }
    },
  };
}

/** The computer is deterministic: same inputs, same bytes, on every machine. */
const deterministic: Deno.lint.Rule = {
  create(context) {
    const file = relative(context.filename);
    if (!file.startsWith("src/vm/")) return {};
    return globals(HOST, (node, name, why) => {
      context.report({ node, message: `${name} under src/vm touches ${why}` });
    });
  },
};

/** Commands return results and the session renders them. */
const silent: Deno.lint.Rule = {
  create(context) {
    if (!relative(context.filename).match(/^src\/(commands|session|format|framework)\//)) return {};
    return globals({ console: "" }, (node) => {
      context.report({ node, message: "a command prints nothing: return rows or text instead" });
    });
  },
};

/** Host files are written whole, in one place. */
const oneWriter: Deno.lint.Rule = {
  create(context) {
    const file = relative(context.filename);
    if (!file.startsWith("src/") || file.startsWith("src/host/")) return {};
    return {
      MemberExpression(node) {
        const { object, property } = node;
        if (object.type !== "Identifier" || object.name !== "Deno") return;
        if (property.type !== "Identifier" || !WRITES.test(property.name)) return;
        const message = `Deno.${property.name}: host files are written by src/host/file.ts`;
        context.report({ node, message });
      },
    };
  },
};

/** Inspectors only read. */
const readOnly: Deno.lint.Rule = {
  create(context) {
    if (!relative(context.filename).startsWith("src/vm/inspect/")) return {};
    return {
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        const on = context.sourceCode.getText(callee.object);
        const { name } = callee.property;
        if (!CHANGES.test(name) || !/(^|\.)(ram|machine|hart|mmu|memory|kernel)$/i.test(on)) return;
        context.report({ node, message: `inspect never changes anything: ${on}.${name}()` });
      },
    };
  },
};

/** The hardware knows nothing of processes. */
const machineNames: Deno.lint.Rule = {
  create(context) {
    if (!relative(context.filename).startsWith("src/vm/machine/")) return {};
    return {
      Identifier(node) {
        if (!/^(pid|ppid|proc|process)$/i.test(node.name)) return;
        context.report({ node, message: `the machine never names a process: ${node.name}` });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "cowsh",
  rules: {
    layers,
    face,
    deterministic,
    silent,
    "one-writer": oneWriter,
    "read-only": readOnly,
    "machine-names": machineNames,
  },
};

export default plugin;
