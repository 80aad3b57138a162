using LoraLab.Contracts.Runs;

namespace LoraLab.Training.Adapters;

/// <summary>
/// Which modules a specification adapts, and with which rank and α, as in PEFT: <c>excludeModules</c> are names or ends of names,
/// <c>rankPattern</c> and <c>alphaPattern</c> are <see cref="ModulePatterns{TValue}"/>.
/// </summary>
public static class LayerSettings
{
    /// <summary>Rank of a module.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static int Rank(RunSpec spec, string module) => ModulePatterns<int>.Of(spec.RankPattern)?.Find(module) ?? spec.Rank;

    /// <summary>α of a module.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static double Alpha(RunSpec spec, string module) => ModulePatterns<double>.Of(spec.AlphaPattern)?.Find(module) ?? spec.Alpha;

    /// <summary>Whether a target module receives an adapter.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="layer">Number of the module's layer.</param>
    /// <param name="module">Full name, for example <c>model.layers.0.self_attn.q_proj</c>.</param>
    public static bool Includes(RunSpec spec, int layer, string module) =>
        spec.LayersToTransform?.Contains(layer) != false
        && spec.ExcludeModules?.Any(excluded => Names(excluded, module)) != true;

    /// <summary>Whether a name is that of a module or the end of it.</summary>
    public static bool Names(string name, string module) =>
        module.EndsWith(name, StringComparison.Ordinal)
        && (module.Length == name.Length || module[module.Length - name.Length - 1] == '.');
}
