namespace LoraLab.Contracts.Runs;

/// <summary>
/// Describes a field of the run specification once, on its property: type, choices, default and nullability are those of the property.
/// Bounds, forms, API description, sweeps, studies, comparisons, memory estimates, hash and <c>docs/specification.md</c> follow from it
/// (<see cref="SpecFieldCatalog"/>).
/// </summary>
/// <param name="group">The group that shows the field.</param>
/// <param name="roles">What the field affects.</param>
/// <param name="label">The label in forms.</param>
/// <param name="help">Description in one or two short sentences.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SpecFieldAttribute(SpecGroup group, SpecRoles roles, string label, string help) : Attribute
{
    /// <summary>The group that shows the field.</summary>
    public SpecGroup Group { get; } = group;

    /// <summary>What the field affects.</summary>
    public SpecRoles Roles { get; } = roles;

    /// <summary>The label in forms.</summary>
    public string Label { get; } = label;

    /// <summary>Description in one or two short sentences.</summary>
    public string Help { get; } = help;

    /// <summary>Unit of the value, in the plural; null: none.</summary>
    public string? Unit { get; init; }

    /// <summary>Minimum; NaN: none.</summary>
    public double Minimum { get; init; } = double.NaN;

    /// <summary>Bound that the value must exceed; NaN: none.</summary>
    public double ExclusiveMinimum { get; init; } = double.NaN;

    /// <summary>Bound that the value must stay below; NaN: none.</summary>
    public double ExclusiveMaximum { get; init; } = double.NaN;

    /// <summary>Minimum length of the text, which then must not be blank either; 0: none.</summary>
    public int MinLength { get; init; }

    /// <summary>Maximum length of the text or of each word; 0: none.</summary>
    public int MaxLength { get; init; }

    /// <summary>What null means, as the placeholder of an empty input; null: nothing to say.</summary>
    public string? Placeholder { get; init; }

    /// <summary>What null is for, as the end of a bound's message: "or null …"; null: the message does not offer it.</summary>
    public string? OrNull { get; init; }

    /// <summary>Whether forms hide the field until more settings are shown.</summary>
    public bool Advanced { get; init; }

    /// <summary>Whether forms have a control of their own for the field instead of a plain input.</summary>
    public bool OwnControl { get; init; }

    /// <summary>Title in the protocol table of a study; null: the table does not list the field.</summary>
    public string? ProtocolTitle { get; init; }

    /// <summary>Whether the protocol table lists the field only where a run does not have the default.</summary>
    public bool ProtocolIfSet { get; init; }

    /// <summary>
    /// Default of earlier versions, now written out where a complete specification has it; null: the default never changed. Hashes leave
    /// it out, so that checkpoints of those versions are recognized.
    /// </summary>
    public string? FormerDefault { get; init; }

    /// <summary>Why a study's plan cannot set the field: the study does; null: it can.</summary>
    public string? SetByStudy { get; init; }

    /// <summary>
    /// Why a sweep cannot search the field, as a predicate; null: nothing but its roles (<see cref="SpecFieldDescriptor.NotSearched"/>).
    /// </summary>
    public string? NotSearched { get; init; }
}
