/** The build puts uPlot's own module beside the page. */
export { default } from 'uplot';
