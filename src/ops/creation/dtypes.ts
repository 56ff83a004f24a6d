/** What PyTorch says of dtypes, as functions that take their arguments by name too. */
import * as types from "../../core/dtype";
import * as limits from "../../core/limits";
import { named } from "../../core/signature";

/**
 * The smallest dtype that both can be cast to without a change of kind.
 * @see torch.promote_types
 * @example torch.promoteTypes("int32", "float32") // "float32"
 */
export const promoteTypes = named("promoteTypes", "type1, type2", types.promoteTypes);

/** The result dtype of arithmetic between tensors and numbers. @see torch.result_type */
export const resultType = named("resultType", "tensor, other", (tensor: types.Promotable, other: types.Promotable) =>
  types.resultType(tensor, other),
);

/** Whether values of `from` may be written into a tensor of `to` in place. @see torch.can_cast */
export const canCast = named("canCast", "from, to", types.canCast);

/** The dtype of new floating-point tensors. @see torch.get_default_dtype */
export const getDefaultDtype = named("getDefaultDtype", "", types.getDefaultDtype);

/** Sets the dtype of new floating-point tensors: float32 or float64. @see torch.set_default_dtype */
export const setDefaultDtype = named("setDefaultDtype", "d", types.setDefaultDtype);

/**
 * The limits of a floating-point dtype; without one those of the default dtype.
 * @see torch.finfo
 * @throws DTypeError for other dtypes: those have {@link iinfo}.
 * @example torch.finfo("float32").eps // 1.1920928955078125e-7
 */
export const finfo = named("finfo", "type?", (type: types.DType = types.getDefaultDtype()) => limits.finfo(type));

/**
 * The limits of an integer dtype.
 * @see torch.iinfo
 * @throws DTypeError for other dtypes: floating-point ones have {@link finfo}.
 * @example torch.iinfo("int8").max // 127
 */
export const iinfo = named("iinfo", "type", (type: types.DType) => limits.iinfo(type));
