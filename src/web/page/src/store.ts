// A store is one object that is replaced in parts, and tells those who listen once per frame.

export class Store<State extends object> {
  private readonly listeners = new Set<() => void>();
  private told = false;

  constructor(public state: State) {}

  set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    if (this.told) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      for (const listener of [...this.listeners]) listener();
    });
  }
  /** Returns what ends the listening. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
