using LoraLab.Contracts.Runs;

namespace LoraLab.Tests.Support;

/// <summary>The specification with one more field, which the tests find in everything that is derived from the fields.</summary>
internal sealed record ProbeSpec : RunSpec
{
    [SpecField(
        SpecGroup.Optimization, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Probe depth", "How deep the probe goes.",
        Unit = "fathoms", Minimum = 2, ProtocolTitle = "Depth of the probe")]
    public int Probe { get; init; } = 3;
}

/// <summary>The specification with one more field that has neither roles nor texts.</summary>
internal sealed record UndescribedSpec : RunSpec
{
    [SpecField(SpecGroup.Method, SpecRoles.None, "", "")]
    public int Probe { get; init; } = 3;
}

/// <summary>The specification with one more field that has no description at all.</summary>
internal sealed record BareSpec : RunSpec
{
    public int Probe { get; init; } = 3;
}
