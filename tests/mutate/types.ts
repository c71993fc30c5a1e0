/**
 * Whether a mutant compiles: what the compiler refuses is no mutant, since nobody could commit it.
 *
 * @module
 */

import ts from "typescript";

/** Checks one changed file at a time against the rest of the project as it stands. */
export class TypeChecker {
  readonly #root: string;
  readonly #service: ts.LanguageService;
  #changed = "";
  #source = "";
  #version = 0;

  /** `roots`: the files to check and whatever they import, relative to the folder `root`. */
  constructor(root: string, roots: readonly string[]) {
    this.#root = root;
    const files = roots.map((path) => `${root}/${path}`);
    const host: ts.LanguageServiceHost = {
      getCompilationSettings: () => ({
        // As in deno.json.
        strict: true,
        noImplicitOverride: true,
        noFallthroughCasesInSwitch: true,
        exactOptionalPropertyTypes: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        types: [],
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        target: ts.ScriptTarget.ESNext,
      }),
      getScriptFileNames: () => files,
      getScriptVersion: (file) => file === this.#changed ? String(this.#version) : "0",
      getScriptSnapshot: (file) => {
        const text = file === this.#changed ? this.#source : ts.sys.readFile(file);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
    };
    this.#service = ts.createLanguageService(host);
  }

  /** The first error in the file if it read `source`; undefined when it compiles. */
  errorIn(path: string, source: string): string | undefined {
    this.#changed = `${this.#root}/${path}`;
    this.#source = source;
    this.#version++;
    const [error] = [
      ...this.#service.getSyntacticDiagnostics(this.#changed),
      ...this.#service.getSemanticDiagnostics(this.#changed),
    ];
    return error && ts.flattenDiagnosticMessageText(error.messageText, " ");
  }
}
