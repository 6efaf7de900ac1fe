import { en } from './en'

/** Built as widget-en.js. */
window.yingdaEnglish = en
