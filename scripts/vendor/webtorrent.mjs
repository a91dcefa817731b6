export { default } from 'webtorrent';
