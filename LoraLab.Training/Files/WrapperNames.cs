namespace LoraLab.Training.Files;

/// <summary>
/// Names that training programs put into the names of modules when they wrap them: torch.compile, FSDP and activation checkpointing. They
/// mean nothing to the weights.
/// </summary>
internal static class WrapperNames
{
    private static readonly string[] _wrappers =
        ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];

    /// <summary>A name without the wrappers in it.</summary>
    public static string Without(string name) => name.Contains('_', StringComparison.Ordinal)
        ? string.Join('.', name.Split('.').Where(part => !_wrappers.Contains(part)))
        : name;
}
