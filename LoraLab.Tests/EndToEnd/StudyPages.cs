using System.Diagnostics;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Tests.Support;
using Microsoft.Playwright;
using Xunit;

namespace LoraLab.Tests.EndToEnd;

/// <summary>Helpers for tests of the study pages.</summary>
internal static class StudyPages
{
    /// <summary>Timeout for twenty small runs in sequence on a loaded machine.</summary>
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(10);

    /// <summary>ID of the study whose page is open.</summary>
    internal static string IdOf(IPage page) => new Uri(page.Url).AbsolutePath.Split('/')[^1];

    internal static async Task<StudyDocument> WaitForEndAsync(RunApi api, string id)
    {
        Stopwatch stopwatch = Stopwatch.StartNew();
        while (true)
        {
            StudyDocument study = await api.ReadAsync<StudyDocument>(ApiRoutes.Study(id));
            if (study.EndedAt is not null)
            {
                return study;
            }

            Assert.True(stopwatch.Elapsed < _timeout, $"Study {id} is {study.State} after {stopwatch.Elapsed.TotalSeconds:0} s: "
                + $"{string.Join(", ", study.Runs.Select(run => $"{run.Method} {run.Stage} {run.State}"))}");
            await Task.Delay(200);
        }
    }

    /// <summary>Cancels a study unless it has ended, so that its runs do not delay other tests.</summary>
    internal static async Task StopAsync(RunApi api, string id)
    {
        using HttpResponseMessage stopped = await api.Http.PostAsync(ApiRoutes.Study(id, "cancel"), null);
        await WaitForEndAsync(api, id);
    }

    /// <summary>Opens a tab of the study page and waits for an element in it.</summary>
    internal static async Task<ILocator> OpenTabAsync(IPage page, string tab, string testId)
    {
        await page.GetByTestId($"tab-{tab}").ClickAsync();
        ILocator elements = page.GetByTestId(testId);
        await elements.First.WaitForAsync();
        Assert.Contains($"tab={tab}", page.Url, StringComparison.Ordinal);
        return elements;
    }
}
