using System.Text.Json.Serialization;

namespace LoraLab.Contracts.Runs;

/// <summary>Form in which the frozen weights of the linear layers are held; embeddings, norms and head stay as stored.</summary>
public enum BaseWeights
{
    /// <summary>As the checkpoint stores them, in the run's precision or in four bits.</summary>
    AsStored,

    /// <summary>NF4: four bits a weight, and a maximum in fp32 for each block of 64.</summary>
    Nf4,

    /// <summary>NF4 with double quantization: the maxima in eight bits.</summary>
    [JsonStringEnumMemberName("nf4-double")]
    Nf4Double,
}
