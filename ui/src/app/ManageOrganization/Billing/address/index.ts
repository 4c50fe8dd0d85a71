export * from './AddressProvider';
export * from './parameters';
export * from './range';
export * from './useView';
export { isRange, LONGEST_RANGE_DAYS, NAMED_PERIODS, VIEW, type Period, type Scope, type View } from './view';
