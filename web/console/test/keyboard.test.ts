import { describe, expect, it, vi } from 'vitest'
import { handleShortcut, isSendKey } from '../src/ui/keyboard'

const press = (init: KeyboardEventInit, target: EventTarget = document.body): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', { cancelable: true, bubbles: true, ...init })
  target.dispatchEvent(event)
  return event
}

describe('isSendKey', () => {
  it('takes Enter', () => expect(isSendKey(press({ key: 'Enter' }))).toBe(true))
  it('leaves Shift+Enter for a new line', () => expect(isSendKey(press({ key: 'Enter', shiftKey: true }))).toBe(false))
  it('leaves Enter to the input method', () => {
    expect(isSendKey(press({ key: 'Enter', isComposing: true }))).toBe(false)
    expect(isSendKey(press({ key: 'Enter', keyCode: 229 } as KeyboardEventInit))).toBe(false)
  })
})

describe('handleShortcut', () => {
  it('runs the shortcut and keeps the key from scrolling', () => {
    const j = vi.fn()
    const event = press({ key: 'J' })
    expect(handleShortcut(event, { j })).toBe(true)
    expect(j).toHaveBeenCalledOnce()
    expect(event.defaultPrevented).toBe(true)
  })

  it('stays away from text fields', () => {
    const j = vi.fn()
    const field = document.body.appendChild(document.createElement('textarea'))
    expect(handleShortcut(press({ key: 'j' }, field), { j })).toBe(false)
    field.remove()
    expect(j).not.toHaveBeenCalled()
  })

  it('leaves Enter to a focused button and the arrows to what scrolls', () => {
    const run = vi.fn()
    const button = document.body.appendChild(document.createElement('button'))
    const scroller = document.body.appendChild(document.createElement('div'))
    scroller.tabIndex = 0
    expect(handleShortcut(press({ key: 'Enter' }, button), { Enter: run })).toBe(false)
    expect(handleShortcut(press({ key: 'ArrowDown' }, scroller), { ArrowDown: run })).toBe(false)
    expect(handleShortcut(press({ key: 'ArrowDown' }, button), { ArrowDown: run })).toBe(true)
    button.remove()
    scroller.remove()
    expect(run).toHaveBeenCalledOnce()
  })

  it('stays away from dialogs, modifiers and the input method', () => {
    const j = vi.fn()
    const dialog = document.body.appendChild(document.createElement('div'))
    dialog.setAttribute('role', 'dialog')
    const button = dialog.appendChild(document.createElement('button'))
    handleShortcut(press({ key: 'j' }, button), { j })
    handleShortcut(press({ key: 'j', ctrlKey: true }), { j })
    handleShortcut(press({ key: 'j', isComposing: true }), { j })
    dialog.remove()
    expect(j).not.toHaveBeenCalled()
  })
})
