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
        LoraMethod method = config.Registered;
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

        return shapes.ToDictionary(module => module.Key, module =>
        {
            int rank = Rank(config, module.Key, module.Value);
            return new PeftModule(rank, 0, 0, Scaling(module.Key, rank)) { Shapes = module.Value };
        });

        double Scaling(string module, int rank) => config.Type == PeftLayout.Lora.Type
            ? config.ScalingOf(module, rank, Path.GetDirectoryName(file.Path)!)
            : config.Rank == 0 || config.Alpha == 0 ? 1
            : AdapterScaling.Of(
                ModulePatterns<double>.Of(config.AlphaPattern)?.Find(module) ?? config.Alpha,
                StatedRank(config, module),
                config.RankStabilized);
    }

    // AdaLoRA's layers have ranks of their own.
    private static int Rank(PeftConfig config, string module, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes) =>
        shapes.TryGetValue(AdapterFactor.A.Name(), out IReadOnlyList<long>? a) ? (int)a[0] : StatedRank(config, module);

    private static int StatedRank(PeftConfig config, string module) =>
        config.Type != "ADALORA" && ModulePatterns<double>.Of(config.RankPattern)?.Find(module) is double rank ? (int)rank : config.Rank;
}
