import '../embed'

/** The full page /chat/{site_key}: the same application, on its own. */
const element = document.getElementById('yingda')
const siteKey = decodeURIComponent(location.pathname.split('/').filter(Boolean).pop() ?? '')
const query = new URLSearchParams(location.search)
if (element && window.yingdaMount) {
  const theme = query.get('theme')
  if (theme) element.dataset['theme'] = theme
  window.yingdaMount({
    host: location.origin,
    siteKey,
    lang: query.get('lang'),
    color: query.get('color'),
    mode: 'page',
    container: element,
    onClose: () => undefined,
    onEvent: () => undefined,
  })
}
