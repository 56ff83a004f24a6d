/** A data set in a file of its own, which says where workers find it. Bundlers move it into the program's file. */
import * as torch from "kindling";

export class Cubes extends torch.utils.data.Dataset {
  static module = import.meta.url;
  static className = "Cubes";
  length = 4;
  at(i) {
    return torch.tensor(i ** 3);
  }
}
