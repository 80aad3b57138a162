using LoraLab.Training.Files.Safetensors;

namespace LoraLab.Training.Models.Weights;

/// <summary>Where a tensor of a checkpoint is.</summary>
/// <param name="File">The file.</param>
/// <param name="Name">Its name in the file.</param>
internal sealed record StoredTensor(SafetensorsFile File, string Name)
{
    /// <summary>Its entry.</summary>
    public SafetensorsEntry Entry => File.Tensors[Name];
}
