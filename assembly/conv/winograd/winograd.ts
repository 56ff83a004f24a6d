/**
 * 3×3 convolutions of stride and dilation 1 in two dimensions, f32, by Winograd's minimal filtering F(m×m, 3×3), m = 2 or 4.
 * With 2.25 (4) times fewer multiplications than the direct sum; the rounding error is about that of the direct sum
 * (ten times it). What is not finite spreads over a whole tile of outputs, and in a weight gradient over all nine taps.
 *
 *     winogradWeights(u, w, geom, m, gradient, scratch, begin, end)        begin, end: tasks of winogradWeightsTasks(geom, gradient)
 *     winograd(y, x, u, bias, geom, m, gradient, scratch, begin, end)                  convTasks(…) of the pass
 *     winogradWeightGrad(gw, gy, x, geom, scratch, begin, end)                         convTasks(…) of the pass
 *
 * `geom` is that of a convolution (geometry.ts). With `gradient` 1, `winograd` computes the gradient of x from that of y.
 * The gradient of the weights has tiles of 2×2. `u` has winogradWeightsSize(geom, m, gradient) elements.
 */
export { winograd } from "./forward";
export { winogradWeightGrad } from "./weightGrad";
export { winogradWeights, winogradWeightsSize, winogradWeightsTasks } from "./weights";
