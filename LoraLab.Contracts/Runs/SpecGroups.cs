namespace LoraLab.Contracts.Runs;

/// <summary>Headings of the groups.</summary>
public static class SpecGroups
{
    /// <summary>The heading of a group.</summary>
    public static string Title(this SpecGroup group) => group switch
    {
        SpecGroup.Data => "Model & data",
        SpecGroup.Method => "Method",
        SpecGroup.Optimization => "Optimization",
        SpecGroup.Evaluation => "Evaluation & budget",
        _ => "Name & priority",
    };
}
