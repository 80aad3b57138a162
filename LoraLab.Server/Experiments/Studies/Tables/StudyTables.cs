using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Tables;

/// <summary>The tables of a study, in the order of the paper.</summary>
internal static class StudyTables
{
    public static IReadOnlyList<StudyTable> Of(StudyEvidence evidence) =>
    [
        .. PartTable.All(evidence),
        ProtocolTable.Of(evidence),
        .. evidence.Study.Arms.Select(arm => HyperParameterTable.Of(evidence, arm)),
        FinalTable.Of(evidence),
    ];
}
