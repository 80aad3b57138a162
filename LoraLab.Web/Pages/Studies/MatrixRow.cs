using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;

namespace LoraLab.Web.Pages.Studies;

/// <summary>A row of the matrix: a method, or one cell of its grid if every cell is reported.</summary>
/// <param name="Arm">The method.</param>
/// <param name="Settings">Settings of the cell that its runs use; null: none selected yet.</param>
/// <param name="BySeed">The reported run per seed, in the order of the plan; null: not created yet.</param>
internal sealed record MatrixRow(StudyArm Arm, JsonObject? Settings, IReadOnlyList<StudyRun?> BySeed)
{
    internal static IReadOnlyList<MatrixRow> From(StudyDocument study)
    {
        IReadOnlyList<long> seeds = study.Plan.Seeds ?? [];
        List<MatrixRow> rows = [];
        foreach (StudyArm arm in study.Arms)
        {
            List<IGrouping<string, StudyRun>> cells =
                [.. study.Runs.Where(run => run.Method == arm.Method && run.Stage == StudyStage.Reported)
                    .GroupBy(run => run.Settings.ToJsonString())];
            rows.AddRange(cells.Select(cell =>
                new MatrixRow(arm, cell.First().Settings, [.. seeds.Select(seed => cell.LastOrDefault(run => run.Seed == seed))])));
            if (cells.Count == 0)
            {
                rows.Add(new MatrixRow(arm, arm.Selected, [.. seeds.Select(_ => (StudyRun?)null)]));
            }
        }

        return rows;
    }
}
