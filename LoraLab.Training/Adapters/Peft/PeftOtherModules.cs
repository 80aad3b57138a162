using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>Reads the modules of adapters that are not of LoRA's factors alone.</summary>
internal static class PeftOtherModules
{
    /// <summary>Reads the shapes of all tensors; the values are only checked.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="file">The weights.</param>
    /// <param name="failure">The failure of a tensor, with the predicate of a sentence about it.</param>
    /// <exception cref="RunFailure">A tensor is not of the method, or not finite.</exception>
    public static IReadOnlyDictionary<string, PeftModule> Read(
        PeftConfig config, PeftWeights file, Func<string, string, RunFailure> failure)
    {
        LoraMethod method = LoraMethods.Find(config.Method)!;
        Dictionary<string, Dictionary<string, IReadOnlyList<long>>> shapes = new(StringComparer.Ordinal);
        foreach (string name in file.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            (string module, string part) = PeftFiles.Split(method.Peft, name)
                ?? throw failure(name, $"is not of an adapter of {method.Id} (peft_type {method.Peft.Type}: "
                    + $"{string.Join(", ", method.Peft.Parts.Keys)}); use the files of one adapter");
            file.RequireFinite(name);
            if (module.Length > 0)
            {
                (shapes.TryGetValue(module, out Dictionary<string, IReadOnlyList<long>>? parts) ? parts : shapes[module] = [])
                    .Add(part, file.Tensors[name].Shape);
            }
        }

        double scaling = config.Rank > 0 && config.Alpha > 0 ? config.Scaling : 1;
        return shapes.ToDictionary(module => module.Key, module => new PeftModule(Rank(config, module.Value), 0, 0, Scaling(module))
        {
            Shapes = module.Value,
        });

        // Patterns are those of LoRA.
        double Scaling(KeyValuePair<string, Dictionary<string, IReadOnlyList<long>>> module) => config.Type == PeftLayout.Lora.Type
            ? config.ScalingOf(module.Key, Rank(config, module.Value), Path.GetDirectoryName(file.Path)!)
            : scaling;
    }

    // Only AdaLoRA's layers have ranks of their own.
    private static int Rank(PeftConfig config, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes) =>
        shapes.TryGetValue(AdapterFactor.A.Name(), out IReadOnlyList<long>? a) ? (int)a[0] : config.Rank;
}
