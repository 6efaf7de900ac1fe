/** The loader has two sentences of its own and no room for the whole catalogue. */
export const loaderMessages = {
  zh: { open: '打开在线客服', close: '收起在线客服', failed: '暂时打不开，请稍后再试' },
  en: { open: 'Open live chat', close: 'Close live chat', failed: 'Could not open, please try again' },
}
