/** A made-up table of houses: what sellers would know, and a price that follows rules with some chance. */
import * as torch from "kindling";

export const districts = ["harbour", "old town", "park side", "railway", "hillside", "new town"] as const;

/** What a square meter costs more or less than the average, by district. */
const districtFactors = [1.25, 1.4, 1.15, 0.8, 1.05, 0.95];

/** The columns of numbers, in order. */
export const columns = ["area", "rooms", "age", "garden", "distance"] as const;

/** Houses in rows. */
export interface Houses {
  /** Columns as in {@link columns}: m², number, years, m², km to the center. Shape: [n, 5]. */
  readonly numbers: torch.Tensor;
  /** Indices into {@link districts}. Shape: [n], int64. */
  readonly district: torch.Tensor;
  /** In thousands. Shape: [n]. */
  readonly price: torch.Tensor;
}

/** `n` houses from the random stream. */
export function makeHouses(n: number): Houses {
  const area = torch.randn(n).mul(0.35).add(4.7).exp().clamp(30, 400);
  const rooms = area.div(28).add(torch.randn(n).mul(0.7)).round().clamp(1, 12);
  const age = torch.rand(n).mul(120);
  const garden = torch.rand(n).lt(0.6).float().mul(torch.rand(n).mul(800));
  const distance = torch.rand(n).mul(25);
  const district = torch.randint(districts.length, [n]);
  const perMeter = torch
    .tensor(districtFactors)
    .at(district)
    .mul(3.2)
    .mul(distance.mul(-0.05).exp().add(0.4))
    .mul(age.sub(55).div(60).pow(2).mul(0.15).add(0.85));
  const noise = torch.randn(n).mul(0.08).exp();
  const price = area.mul(perMeter).add(garden.mul(0.12)).add(rooms.mul(6)).mul(noise);
  return { numbers: torch.stack([area, rooms, age, garden, distance], 1), district, price };
}
