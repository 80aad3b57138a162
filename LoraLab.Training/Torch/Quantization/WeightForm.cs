namespace LoraLab.Training.Torch.Quantization;

/// <summary>The form in which the weights of linear layers are held.</summary>
public enum WeightForm
{
    /// <summary>As the checkpoint stores them.</summary>
    AsStored,

    /// <summary>NF4: four bits a value, in blocks of 64 with an fp32 maximum each.</summary>
    Nf4,

    /// <summary>NF4 with double quantization: the block maxima in eight bits.</summary>
    NestedNf4,
}
