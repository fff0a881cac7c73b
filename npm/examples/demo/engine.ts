/** The engine in this page, with one program. The only file of the demo that knows its API. */
import { loadEngine, type FlagEngine } from '../../client/src/load-engine.js';
import type { Answer } from './answer.js';
import type { Visitor } from './visitor.js';

export class PageEngine {
  #engine: FlagEngine;
  #hasProgram = false;
  /** How long the last {@link PageEngine.answer} took, in milliseconds. */
  took = 0;

  private constructor(engine: FlagEngine) {
    this.#engine = engine;
  }

  static async start(): Promise<PageEngine> {
    return new PageEngine(loadEngine(await WebAssembly.compileStreaming(fetch('/demo/engine.wasm'))));
  }

  /** @throws where the program is damaged; the one before stays */
  load(program: Uint8Array): void {
    this.#engine.load(program);
    this.#hasProgram = true;
  }

  /** All answers for a visitor; undefined where the program was made for another customer or organization, or there is none. */
  answer(visitor: Visitor): Map<string, Answer> | undefined {
    if (!this.#hasProgram) return undefined;
    const start = performance.now();
    this.#engine.identify(visitor);
    const keys = this.#engine.flagKeys();
    const answers = new Map(keys.map((key) => [key, this.#read(key)]));
    this.took = performance.now() - start;
    // The engine itself refuses: what was settled for one customer is never answered for another.
    return [...answers.values()].some(({ errorCode }) => errorCode === 'PROVIDER_NOT_READY') ? undefined : answers;
  }

  #read(key: string): Answer {
    const { value, variant, reason, errorCode, layer, bucket } = this.#engine.details(key, undefined);
    return { value, variant, reason, errorCode, layer, bucket };
  }
}
