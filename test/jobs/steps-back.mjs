// Preloaded: a wall clock that a job can set back, for everything that asks for the time; what only counts on goes on.
const RealDate = Date;
let offsetMs = 0;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + offsetMs] : args));
  }
  static now() {
    return RealDate.now() + offsetMs;
  }
};
globalThis.stepBack = (ms) => (offsetMs -= ms);
