using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Space;
using LoraLab.Server.Infrastructure.Errors;

namespace LoraLab.Server.Experiments.Sweeps.Analysis;

/// <summary>Heat maps over two fields of a sweep.</summary>
internal static class SweepGrids
{
    public static SweepGrid Of(StoredSweep sweep, IReadOnlyList<Trial> trials, string? x, string? y)
    {
        SearchSpace space = SearchSpaceReader.Rebuild(sweep.Plan, sweep.Constants);
        if (space.Dimensions.Count < 2)
        {
            throw ApiFailure.Invalid("y", $"The sweep searches {space.Dimensions[0].Field} only; a heat map needs two fields.");
        }

        int across = IndexOf(space, x ?? space.Dimensions.First(dimension => dimension.Field != y).Field, "x");
        int up = IndexOf(space, y ?? space.Dimensions.First(dimension => dimension.Field != space.Dimensions[across].Field).Field, "y");
        if (across == up)
        {
            throw ApiFailure.Invalid("y", $"x and y are both {space.Dimensions[up].Field}; choose two different fields.");
        }

        (SweepAxis xAxis, Func<double, int> xOf) = SweepAxes.Of(space.Dimensions[across], sweep.Plan.Sampler);
        (SweepAxis yAxis, Func<double, int> yOf) = SweepAxes.Of(space.Dimensions[up], sweep.Plan.Sampler);
        SweepCell[] cells =
        [
            .. trials.Where(trial => trial.Run is not null)
                .Select(trial => (Trial: trial, Point: space.PointOf(trial.Stored.Values)!))
                .GroupBy(placed => (X: xOf(placed.Point[across]), Y: yOf(placed.Point[up])))
                .OrderBy(cell => cell.Key.Y).ThenBy(cell => cell.Key.X)
                .Select(cell => Cell(cell.Key.X, cell.Key.Y, sweep.Plan.Objective, [.. cell.Select(placed => placed.Trial)])),
        ];
        return new SweepGrid
        {
            Objective = sweep.Plan.Objective,
            X = xAxis,
            Y = yAxis,
            Cells = cells,
            Note = Sentence(sweep, space.Dimensions.Count, cells),
        };
    }

    private static SweepCell Cell(int x, int y, string objective, IReadOnlyList<Trial> trials)
    {
        double[] values = [.. trials.Where(trial => trial.Run!.State == Contracts.Runs.RunState.Completed)
            .Select(trial => trial.Last(objective)).OfType<double>()];
        return new SweepCell(x, y, values.Length == 0 ? null : values.Average(), values.Length, [.. trials.Select(trial => trial.Run!.Id)]);
    }

    private static string Sentence(StoredSweep sweep, int fields, SweepCell[] cells)
    {
        string several = cells.Any(cell => cell.Finished > 1)
            ? fields > 2
                ? "Cells with several runs show their mean; these runs differ in fields not shown."
                : "Cells with several runs show their mean."
            : "Each cell shows one run.";
        return $"{sweep.Plan.Objective} at the last evaluation of completed runs, on the selection split. "
            + $"{several} Runs that were stopped or failed have no value.";
    }

    private static int IndexOf(SearchSpace space, string field, string parameter)
    {
        for (int i = 0; i < space.Dimensions.Count; i++)
        {
            if (space.Dimensions[i].Field == field)
            {
                return i;
            }
        }

        throw ApiFailure.Invalid(parameter, $"{parameter} is '{ApiFailure.Shorten(field)}', which the sweep does not search; "
            + $"use one of {string.Join(", ", space.Dimensions.Select(dimension => dimension.Field))}.");
    }
}
