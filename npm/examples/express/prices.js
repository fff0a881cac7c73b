// Two ways to price a delivery. The new one has a fault that its tests did not find: two of ten products have no weight.
const PRODUCTS = Array.from({ length: 10 }, (_, id) => ({
  id,
  zone: id % 3,
  weight: id % 5 === 4 ? undefined : { grams: 100 * (id + 1) },
}));

/** The product with an id from 0 to 9; absent for any other. */
export const productOf = id => PRODUCTS[Number(id)];

/** A price by zone, in cents. */
export const oldPrice = ({ zone }) => ({ cents: 500 + 100 * zone, by: 'zone' });

/** A price by weight, in cents. */
export const newPrice = ({ weight }) => ({ cents: 300 + Math.ceil(weight.grams / 2), by: 'weight' });
