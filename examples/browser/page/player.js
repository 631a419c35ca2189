const MP3 = 'audio/mpeg'

/** Plays pieces of an MP3 while more of them come, where the browser can; elsewhere once all are there. */
export async function playPieces(audio, pieces) {
  if (globalThis.MediaSource?.isTypeSupported(MP3) !== true) {
    const all = []
    for await (const piece of pieces) all.push(piece)
    await playClip(audio, new Blob(all, { type: MP3 }))
    return
  }
  const source = new MediaSource()
  show(audio, source)
  await happens(source, 'sourceopen')
  const buffer = source.addSourceBuffer(MP3)
  let playing = null
  for await (const piece of pieces) {
    buffer.appendBuffer(piece)
    await happens(buffer, 'updateend')
    playing ??= audio.play()
  }
  source.endOfStream()
  await playing
}

/** Plays a whole clip. */
export async function playClip(audio, blob) {
  show(audio, blob)
  await audio.play()
}

function show(audio, source) {
  URL.revokeObjectURL(audio.src)
  audio.src = URL.createObjectURL(source)
}

function happens(target, event) {
  return new Promise((resolve) => target.addEventListener(event, resolve, { once: true }))
}
