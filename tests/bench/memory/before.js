// Keeps the memory of each instance of the worker's module. It is imported before the worker, which makes its instance when it is loaded.
export const memories = [];

const Instance = WebAssembly.Instance;
WebAssembly.Instance = class extends Instance {
  constructor(...given) {
    super(...given);
    if (this.exports.memory) memories.push(this.exports.memory);
  }
};
