/** What our exporter says about a model beside its graph: names of initializers, one a line. */

/** The property of a model that lists the parameters of its module. */
export const PARAMETERS = "kindling.parameters";

/** The property that lists its buffers. */
export const BUFFERS = "kindling.buffers";
