using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// The literal loop (one sentence a pass under autograd), counted from what the graph of <see cref="LlamaModel"/> saves. It is an
/// outline: a pass of one sentence is small beside the weights.
/// </summary>
internal static class ReferenceMemory
{
    private const double Single = sizeof(float);

    public static TrainingMemory Of(MemoryRequest request, PassShape pass)
    {
        LlamaConfig config = request.Config;
        double value = request.Half ? sizeof(short) : Single;
        (double d, double f, double a) = (config.HiddenSize, config.IntermediateSize, config.Heads * config.HeadSize);
        // Both inputs of the norms; queries, shared keys and values, attention's output; gate, its activation, up.
        double kept = (2 * Single * d) + (4 * value * a) + (3 * value * f);
        // The fp32 input of each branch: a copy of its own where the layer computes in half precision.
        double inputs = Single * config.BlockLinears.Where(linear => request.Adapters.ContainsKey(linear.Name)).Sum(linear => (double)linear.In);
        // Until a block ends its wrappers hold every intermediate result: about these.
        double block = (Single * 12 * d) + (value * 6 * a) + (Single * 2 * f) + (value * 6 * f);
        // Logits, in fp32, their log-softmax and two gradients.
        double head = ((4 * Single) + value) * config.VocabularySize * pass.HeadRows;
        return new(pass, config.Layers * (kept + inputs) * pass.Rows, block * pass.Rows, head);
    }
}
