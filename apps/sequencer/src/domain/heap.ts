/** A binary heap: `pop` gives the item that sorts before all others. */
export interface Heap<T> {
  push(item: T): void;
  pop(): T | undefined;
  peek(): T | undefined;
  readonly size: number;
}

/** A heap of the items, in O(n). `before` must be a strict order, so that equal inputs give equal outputs. */
export function createHeap<T>(items: T[], before: (a: T, b: T) => boolean): Heap<T> {
  const heap = [...items];

  const swap = (i: number, j: number): void => {
    const kept = heap[i]!;
    heap[i] = heap[j]!;
    heap[j] = kept;
  };
  const sink = (start: number): void => {
    for (let parent = start; ;) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && before(heap[child]!, heap[first]!)) first = child;
      }
      if (first === parent) return;
      swap(parent, first);
      parent = first;
    }
  };
  const rise = (start: number): void => {
    for (let child = start; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child]!, heap[parent]!)) return;
      swap(child, parent);
      child = parent;
    }
  };
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i);

  return {
    push(item) {
      heap.push(item);
      rise(heap.length - 1);
    },
    pop() {
      const top = heap[0];
      const last = heap.pop();
      if (heap.length > 0) {
        heap[0] = last!;
        sink(0);
      }
      return top;
    },
    peek: () => heap[0],
    get size() {
      return heap.length;
    },
  };
}
