import { Gateway } from './gateway.js'
import { playClip, playPieces } from './player.js'

const gateway = new Gateway()

/** Runs an action when a form is sent, and says in its `output` how it went. */
function onSubmit(id, action) {
  const form = document.getElementById(id)
  const output = form.querySelector('output')
  const button = form.querySelector('button')
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    button.disabled = true
    output.textContent = ''
    output.dataset.state = 'working'
    try {
      await action(form, output)
      output.dataset.state = 'done'
    } catch (error) {
      output.textContent = error.message
      output.dataset.state = 'failed'
    } finally {
      button.disabled = false
    }
  })
}

onSubmit('chat', async (form, output) => {
  for await (const piece of gateway.chat(form.elements.text.value)) output.textContent += piece
})

onSubmit('speech', async (form) => {
  const clip = await gateway.speech(form.elements.text.value)
  await playClip(form.querySelector('audio'), clip)
})

onSubmit('live', async (form) => {
  await playPieces(form.querySelector('audio'), gateway.speechLive(form.elements.text.value))
})

onSubmit('image', async (form) => {
  form.querySelector('img').src = await gateway.image(form.elements.text.value)
})

onSubmit('upload', async (form, output) => {
  output.textContent = `File ${await gateway.upload(form.elements.file.files[0])}`
})
