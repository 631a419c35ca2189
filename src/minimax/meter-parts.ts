/** Parts of messages do not nest deeper; what does is text, whatever it looks like. */
const DEEPEST = 64

interface Frame {
  /** Whether it is an object whose own type is that of an image or video. */
  isMedia: boolean
  /** Whether the model reads everything within it as text: the input of a tool, for one. */
  isText: boolean
  /** Bytes of long strings that look like a file: in the object itself, and in the objects that are its fields. */
  own: number
  files: number
  within: number
  filesWithin: number
}

const fresh = (): Frame => ({
  isMedia: false,
  isText: false,
  own: 0,
  files: 0,
  within: 0,
  filesWithin: 0,
})

/**
 * Tells the file of an image or video from a text that only looks like one. A file stands in an object whose own type
 * is that of an image or video, or in a field of it that is an object (`image_url.url`, `source.data`), one in each.
 */
export class Parts {
  readonly #frames: Frame[] = [fresh()]
  #depth = 0
  /** Objects and arrays that are open beyond the deepest. */
  #beyond = 0
  /** Bytes that look like files and are texts. */
  texts = 0

  /** @param isText whether all of it is read as text */
  begin(isText: boolean): void {
    this.#depth = 0
    this.#beyond = 0
    this.texts = 0
    this.#reset(0, isText)
  }

  #reset(depth: number, isText: boolean): void {
    const frame = (this.#frames[depth] ??= fresh())
    frame.isMedia = false
    frame.isText = isText
    frame.own = 0
    frame.files = 0
    frame.within = 0
    frame.filesWithin = 0
  }

  get #frame(): Frame {
    return this.#frames[this.#depth] ?? fresh()
  }

  /** An object or array begins. @param isText as for `begin` */
  open(isText: boolean): void {
    if (this.#depth >= DEEPEST) {
      this.#beyond++
      return
    }
    const wasText = this.#frame.isText
    this.#reset(++this.#depth, isText || wasText)
  }

  /** The object that is open is an image or video. */
  media(): void {
    if (this.#beyond === 0) this.#frame.isMedia = true
  }

  /** A long string of the open object that looks like a file. */
  file(bytes: number): void {
    const frame = this.#frame
    if (this.#beyond > 0 || frame.isText) {
      this.texts += bytes
      return
    }
    frame.own += bytes
    frame.files++
  }

  /** What was opened last ends. @param isObject else it is an array */
  close(isObject: boolean): void {
    if (this.#beyond > 0) {
      this.#beyond--
      return
    }
    const { isMedia, own, files, within, filesWithin } = this.#frame
    if (this.#depth > 0) this.#depth--
    if (isMedia) {
      if (files + filesWithin > 1) this.texts += own + within
      return
    }
    this.texts += within
    if (!isObject) this.texts += own
    else {
      const outer = this.#frame
      outer.within += own
      outer.filesWithin += files
    }
  }

  /** Everything has ended: what belongs to nothing is text. */
  end(): void {
    this.texts += this.#frame.own + this.#frame.within
  }
}
