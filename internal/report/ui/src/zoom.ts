// Zooming makes the drawing larger or smaller than its frame; the frame scrolls, so that wheel,
// touch, keys and scroll bars all move it. Dragging moves it too, and Ctrl with the wheel zooms.

const readable = 0.72, largest = 3, smallest = 0.08; // pixels to one unit of the drawing

export class Zoom {
  private k = 1;

  constructor(private readonly frame: HTMLElement, private readonly picture: SVGSVGElement, private readonly width: number, private readonly height: number) {
    picture.setAttribute("viewBox", `0 0 ${width.toFixed(0)} ${height.toFixed(0)}`);
    picture.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = frame.getBoundingClientRect();
      this.by(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.drag();
    // Small drawings are shown whole, large ones at a size that can be read.
    this.scale(Math.max(readable, this.whole()));
  }

  fit(): void {
    this.scale(this.whole());
  }

  // by zooms about a point of the frame, or about its middle.
  by(factor: number, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2): void {
    const before = this.k;
    const px = (this.frame.scrollLeft + x) / before, py = (this.frame.scrollTop + y) / before;
    this.scale(before * factor);
    this.frame.scrollLeft = px * this.k - x;
    this.frame.scrollTop = py * this.k - y;
  }

  // center brings a point of the drawing to the middle of what is not covered at the right, large
  // enough to read.
  center(x: number, y: number, covered = 0): void {
    if (this.k < readable) this.scale(readable);
    this.frame.scrollLeft = x * this.k - (this.frame.clientWidth - covered) / 2;
    this.frame.scrollTop = y * this.k - this.frame.clientHeight / 2;
  }

  // reveal does so only when the point is out of sight.
  reveal(x: number, y: number): void {
    const px = x * this.k - this.frame.scrollLeft, py = y * this.k - this.frame.scrollTop;
    if (px < 40 || py < 20 || px > this.frame.clientWidth - 40 || py > this.frame.clientHeight - 20) this.center(x, y);
  }

  private whole(): number {
    const tall = Math.max(320, innerHeight * 0.8);
    return Math.min(1, this.frame.clientWidth / this.width, tall / this.height);
  }

  private scale(k: number): void {
    this.k = Math.min(largest, Math.max(smallest, k));
    this.picture.style.width = `${(this.width * this.k).toFixed(0)}px`;
    this.picture.style.height = `${(this.height * this.k).toFixed(0)}px`;
  }

  private drag(): void {
    let from: { x: number; y: number; left: number; top: number } | undefined;
    let moved = false;
    this.picture.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return; // touch scrolls by itself
      from = { x: event.clientX, y: event.clientY, left: this.frame.scrollLeft, top: this.frame.scrollTop };
      moved = false;
    });
    addEventListener("pointermove", (event) => {
      if (from === undefined) return;
      const dx = event.clientX - from.x, dy = event.clientY - from.y;
      if (!moved && Math.hypot(dx, dy) < 5) return;
      moved = true;
      this.picture.classList.add("dragging");
      this.frame.scrollLeft = from.left - dx;
      this.frame.scrollTop = from.top - dy;
    });
    addEventListener("pointerup", () => {
      from = undefined;
      this.picture.classList.remove("dragging");
    });
    this.picture.addEventListener("click", (event) => {
      if (moved) event.stopPropagation(); // the end of a drag is no choice
      moved = false;
    }, true);
  }
}
