using LoraLab.Contracts.Runs;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace LoraLab.Tests.EndToEnd;

/// <summary>A file on the user's disk becomes a dataset, and a run trains on it.</summary>
[Collection(nameof(RealDashboard))]
[Trait("Category", "Long")]
public sealed class BringDataTests(RealDashboard dashboard)
{
    [Fact]
    public async Task Csv_Uploaded_IsPreviewedKeptAndTrainedOn()
    {
        string csv = "id;what was said;verdict\n" + string.Concat(Enumerable.Range(0, 60).Select(i =>
            $"{i};\"{(i % 2 == 0 ? "a fine film" : "=SUM(A1) was dull")} on day {i}\";{i % 2}\n"));
        IPage page = await dashboard.OpenAsync("/models");
        await page.GetByTestId("upload-train-file").SetInputFilesAsync(new FilePayload
        {
            Name = "said.csv",
            MimeType = "text/csv",
            Buffer = System.Text.Encoding.UTF8.GetBytes(csv),
        });
        await page.GetByTestId("upload-send").ClickAsync();
        ILocator upload = page.GetByTestId("upload");
        await Expect(upload.GetByTestId("upload-train")).ToContainTextAsync("54");
        await Expect(upload.GetByTestId("upload-warning")).ToContainTextAsync("The labels are numbers");

        // The upload waits on the server.
        await page.ReloadAsync();
        await upload.GetByTestId("upload-word").First.FillAsync("positive");
        await upload.GetByTestId("upload-word").Last.FillAsync("negative");
        await upload.GetByTestId("upload-name").FillAsync("said");
        await upload.GetByTestId("upload-name").BlurAsync();
        await upload.GetByTestId("upload-update").ClickAsync();
        await Expect(upload.GetByTestId("upload-train")).ToContainTextAsync("negative 27");
        await upload.GetByTestId("upload-keep").ClickAsync();
        await Expect(page.GetByTestId("datasets-table")).ToContainTextAsync("said");
        await Expect(upload).ToHaveCountAsync(0);

        await page.GetByLabel("Show rows of said").ClickAsync();
        await page.GetByTestId("samples-model").SelectOptionAsync("sample");
        await Expect(page.GetByTestId("row-tokens").First).ToBeVisibleAsync();

        RunDocument run = await dashboard.Api.WaitForEndAsync((await dashboard.Api.SubmitAsync(
            """{"dataset": "said", "maxSteps": 2, "evalEvery": 2, "tooLong": "drop"}""")).Id);
        Assert.Equal((RunState.Completed, null), (run.State, run.Error));

        // An export neutralizes what a spreadsheet would compute.
        await Dashboard.FollowAsync(page, $"/runs/{run.Id}?tab=predictions");
        IDownload download = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "CSV" }).ClickAsync());
        string text = await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Contains("said", text, StringComparison.Ordinal);
        Assert.DoesNotContain(",=", text, StringComparison.Ordinal);

        await Dashboard.FollowAsync(page, "/models");
        await page.GetByLabel("Delete the dataset said").ClickAsync();
        await page.GetByTestId("confirm").ClickAsync();
        await Expect(page.GetByTestId("datasets-table")).Not.ToContainTextAsync("said");
        await dashboard.GiveBackAsync(page);
    }
}
